//! Bytes of an artefact, window by window.
//!
//! A window is read at its offset into a buffer that the thread keeps, not mapped: a log that shrinks under a map (logrotate's
//! `copytruncate`) would end the program with SIGBUS. Both sides of a window boundary compute the same place from the
//! same bytes (the first record head at or behind it), so windows need no hand-over and may be read in any order.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use super::{Artefact, Origin, Packing};
use crate::parse::record::{Cutting, Undated, find_boundary, find_head, time_at, trim_line_end};
use crate::parse::wrapping::Wrapping;
use crate::units::WallTime;

/// Stretch of a file that one window begins in, at the most: few enough bytes that they are still in the processor's
/// second cache when they are parsed.
pub const WINDOW: u64 = 1 << 18;

/// Longest record that is never cut, at the least.
const REACH: u64 = 1 << 20;

/// Bytes that the windows of all threads hold together, at the most.
pub const ALL_WINDOWS: u64 = 16 << 20;

/// Threads among which [`ALL_WINDOWS`] can be shared out.
pub const THREADS_MAX: usize = 128;

/// What is read beside a stretch: up to the record behind it.
const MARGIN: usize = 4096;

/// Bytes inflated at a time.
const STEP: usize = 1 << 18;

/// Stretch of a window when `threads` threads, up to [`THREADS_MAX`], read at once.
///
/// With what each reads beside it and ahead, all hold [`ALL_WINDOWS`] at the most (as long as records are shorter than a
/// window).
#[must_use]
pub fn window_for(threads: usize) -> u64 {
    let share = ALL_WINDOWS / threads.clamp(1, THREADS_MAX) as u64;
    share.saturating_sub(beside_window()).min(WINDOW)
}

/// Bytes that a thread holds beside the stretch of its window.
fn beside_window() -> u64 {
    (1 + MARGIN + (AHEAD + 2) * BLOCK) as u64
}

/// A file opened for positioned reads.
#[derive(Debug)]
pub enum Source {
    /// A file.
    File(File),
    /// Bytes in memory.
    Memory(std::sync::Arc<Vec<u8>>),
    /// A stretch of another: its start and its length.
    Stretch(Box<Source>, u64, u64),
}

impl Source {
    /// Opens the artefact's bytes as stored.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(a: &Artefact) -> io::Result<Self> {
        Self::open_origin(&a.origin)
    }

    /// Opens an origin that is direct.
    ///
    /// # Errors
    /// What the operating system says; an origin that must be read from its start is none.
    pub fn open_origin(origin: &Origin) -> io::Result<Self> {
        Ok(match origin {
            Origin::File(p) => Self::File(File::open(p)?),
            Origin::Memory(m) => Self::Memory(m.clone()),
            Origin::Part {
                outer,
                packing: Packing::Plain,
                offset,
                len,
            } => Self::Stretch(Box::new(Self::open_origin(outer)?), *offset, *len),
            Origin::Part { .. } => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    /// Fills as much of `buf` as there is at `offset`; fewer bytes mean the end of the file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_at(&self, mut offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stretch(inner, start, len) => {
                let left = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
                let n = buf.len().min(left);
                inner.read_at(start.saturating_add(offset), &mut buf[..n])
            }
            Self::Memory(m) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(m.len());
                let n = buf.len().min(m.len() - from);
                buf[..n].copy_from_slice(&m[from..from + n]);
                Ok(n)
            }
            Self::File(f) => {
                let mut done = 0;
                while done < buf.len() {
                    match positioned(f, &mut buf[done..], offset) {
                        Ok(0) => break,
                        Ok(n) => {
                            done += n;
                            offset += n as u64;
                        }
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        Err(e) => return Err(e),
                    }
                }
                Ok(done)
            }
        }
    }
}

#[cfg(unix)]
fn positioned(f: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(f, buf, offset)
}

#[cfg(windows)]
fn positioned(f: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(f, buf, offset)
}

/// A log's bytes that begin in one stretch of the file.
#[derive(Clone, Copy, Debug)]
pub struct LogWindow {
    /// Offset of the first byte in `buffer` that belongs to the window.
    pub base: u64,
    /// Where the window begins in the buffer.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it ends where the file does.
    pub last: bool,
    /// Time of the record behind it.
    pub next_time: Option<WallTime>,
}

/// Reads the window of a plain log that begins in `from..from + WINDOW` into `buffer`, which is used again and again.
///
/// # Errors
/// What the operating system says.
pub fn log_window(
    source: &Source,
    from: u64,
    cutting: impl Into<Cutting>,
    buffer: &mut Vec<u8>,
) -> io::Result<LogWindow> {
    sized_log_window(source, from, WINDOW, cutting.into(), buffer)
}

/// [`log_window`] with stretches of another length than [`WINDOW`]; `from` is a multiple of it. What the windows of a file
/// say together does not depend on the length.
///
/// # Errors
/// What the operating system says.
pub fn sized_log_window(
    source: &Source,
    from: u64,
    stretch: u64,
    cutting: Cutting,
    buffer: &mut Vec<u8>,
) -> io::Result<LogWindow> {
    let reach = usize::try_from(stretch.max(REACH)).unwrap_or(REACH as usize);
    let stretch = usize::try_from(stretch).unwrap_or(WINDOW as usize);
    // One byte more in front tells whether the stretch begins at a line.
    let lead = usize::from(from > 0);
    let mut want = lead + stretch + MARGIN;
    let mut have = 0;
    let mut at_end = false;
    loop {
        // Not twice as much for one byte more.
        buffer.reserve_exact(want.saturating_sub(buffer.len()));
        buffer.resize(want, 0);
        let got = source.read_at(from - lead as u64 + have as u64, &mut buffer[have..])?;
        have += got;
        if have < want {
            at_end = true;
        }
        buffer.truncate(have);
        if at_end && have <= lead + stretch {
            break;
        }
        // The boundary behind is the next stretch's own beginning.
        let next = lead + stretch;
        let limit = (next + reach).min(have);
        // Where a record without a date would do, one with a date may still follow.
        let wanted = match cutting.undated {
            Undated::Console => Cutting {
                undated: Undated::Never,
                ..cutting
            },
            _ => cutting,
        };
        if find_head(&buffer[..limit], next, wanted).is_some() || at_end || have >= next + reach {
            break;
        }
        want = (have + (STEP / 4)).min(next + reach);
    }
    let begin = |at: usize| -> usize {
        if at >= have {
            return have;
        }
        let limit = (at + reach).min(have);
        // Where the text ends before that, what has no head belongs to the last record of the window before; a record that
        // reaches further is cut.
        let none = if have < at + reach {
            have
        } else if at > 0 && buffer[at - 1] == b'\n' {
            at
        } else {
            // Between lines where there are any: what stands around a line must not be cut.
            memchr::memchr(b'\n', &buffer[at..limit]).map_or(at, |i| at + i + 1)
        };
        find_boundary(&buffer[..limit], at, cutting).unwrap_or(none)
    };
    let start = if from == 0 { 0 } else { begin(lead) };
    let last = have <= lead + stretch;
    let end = if last { have } else { begin(lead + stretch) };
    let start = start.min(end);
    Ok(LogWindow {
        base: from - lead as u64 + start as u64,
        start,
        end,
        last: last || (at_end && end == have),
        next_time: time_at(&buffer[end..], cutting.wrapping),
    })
}

/// The artefact's bytes, unpacked, as a stream.
///
/// # Errors
/// What the operating system or the decoder says.
pub fn open_stream(a: &Artefact) -> io::Result<Box<dyn Read + Send>> {
    unpack(open_origin(&a.origin)?, a.packing)
}

/// The bytes of an origin, from its start.
///
/// # Errors
/// What the operating system or the decoder says.
pub fn open_origin(origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
    if let Origin::Part {
        outer,
        packing,
        offset,
        len,
    } = origin
    {
        if origin.is_direct() {
            return Ok(Box::new(SourceReader {
                source: Source::open_origin(origin)?,
                at: 0,
            }));
        }
        let mut stream = unpack(open_origin(outer)?, *packing)?;
        skip(&mut stream, *offset)?;
        return Ok(Box::new(stream.take(*len)));
    }
    Ok(match origin {
        Origin::File(p) => Box::new(File::open(p)?),
        Origin::Memory(m) => Box::new(io::Cursor::new(SharedBytes(m.clone()))),
        Origin::Part { .. } => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// Reads over `n` bytes.
///
/// # Errors
/// What reading says; a stream that ends before is one.
pub fn skip(stream: &mut dyn Read, n: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(n), &mut io::sink())?;
    if skipped < n {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

struct SourceReader {
    source: Source,
    at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

struct SharedBytes(std::sync::Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Unpacks a stream.
///
/// # Errors
/// A broken header of a Zstandard frame.
pub fn unpack<'a>(
    raw: Box<dyn Read + Send + 'a>,
    packing: Packing,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match packing {
        Packing::Plain => raw,
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(
            io::BufReader::with_capacity(1 << 16, raw),
        )),
        Packing::Zstd => Box::new(ZstdFrames::new(raw)),
        Packing::Deflate => Box::new(flate2::read::DeflateDecoder::new(raw)),
    })
}

type Raw<'a> = io::BufReader<Box<dyn Read + Send + 'a>>;
type ZstdDecoder<'a> = ruzstd::decoding::StreamingDecoder<Raw<'a>, ruzstd::decoding::FrameDecoder>;

/// Frame after frame of a Zstandard stream; one decoder reads one frame.
struct ZstdFrames<'a> {
    raw: Option<Raw<'a>>,
    decoder: Option<Box<ZstdDecoder<'a>>>,
}

impl<'a> ZstdFrames<'a> {
    fn new(raw: Box<dyn Read + Send + 'a>) -> Self {
        Self {
            raw: Some(io::BufReader::with_capacity(1 << 17, raw)),
            decoder: None,
        }
    }
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(d) = &mut self.decoder {
                let n = d.read(buf)?;
                if n > 0 || buf.is_empty() {
                    return Ok(n);
                }
                self.raw = self.decoder.take().map(|d| d.into_inner());
            }
            let Some(mut raw) = self.raw.take() else {
                return Ok(0);
            };
            if io::BufRead::fill_buf(&mut raw)?.is_empty() {
                return Ok(0);
            }
            let decoder = ruzstd::decoding::StreamingDecoder::new(raw)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
            self.decoder = Some(Box::new(decoder));
        }
    }
}

/// Blocks that a thread of its own may read ahead, and their bytes. Two more are in hand.
const AHEAD: usize = 4;
const BLOCK: usize = 1 << 14;

/// A stream that a thread of its own reads, and unpacks, some blocks ahead of who reads this.
pub struct ReadAhead {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    at: usize,
}

impl ReadAhead {
    /// Begins to read `stream` in a thread of `scope`.
    pub fn spawn<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        mut stream: Box<dyn Read + Send + 'env>,
    ) -> Self {
        let (full, blocks) = sync_channel(AHEAD);
        let (empty, used) = sync_channel::<Vec<u8>>(AHEAD + 2);
        scope.spawn(move || {
            loop {
                let mut block = used.try_recv().unwrap_or_default();
                block.resize(BLOCK, 0);
                let (n, end) = read_block(&mut *stream, &mut block);
                block.truncate(n);
                // Nobody may be waiting any more.
                if n > 0 && full.send(Ok(block)).is_err() {
                    return;
                }
                if let Some(end) = end {
                    if let Err(e) = end {
                        let _ = full.send(Err(e));
                    }
                    return;
                }
            }
        });
        Self {
            full: blocks,
            empty,
            block: Vec::new(),
            at: 0,
        }
    }
}

/// Fills a block: how far, and how the stream ended if it did.
fn read_block(stream: &mut dyn Read, block: &mut [u8]) -> (usize, Option<io::Result<()>>) {
    let mut have = 0;
    while have < block.len() {
        match stream.read(&mut block[have..]) {
            Ok(0) => return (have, Some(Ok(()))),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (have, Some(Err(e))),
        }
    }
    (have, None)
}

impl Read for ReadAhead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            let next = match self.full.recv() {
                Ok(next) => next?,
                Err(_) => return Ok(0),
            };
            // Given back to be filled again; a thread that has ended needs none.
            let _ = self
                .empty
                .try_send(std::mem::replace(&mut self.block, next));
            self.at = 0;
        }
        let n = buf.len().min(self.block.len() - self.at);
        buf[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Cuts a stream into windows that end where a record does.
pub struct StreamWindows<'a> {
    stream: Box<dyn Read + Send + 'a>,
    cutting: Cutting,
    window: usize,
    buffer: Vec<u8>,
    base: u64,
    done: bool,
    used: usize,
    /// What ended the stream early.
    pub error: Option<io::Error>,
    /// Time of the record behind the last window given.
    pub next_time: Option<WallTime>,
}

impl<'a> StreamWindows<'a> {
    /// Windows of `stream`.
    #[must_use]
    pub fn new(stream: Box<dyn Read + Send + 'a>, cutting: impl Into<Cutting>) -> Self {
        Self::sized(stream, WINDOW, cutting.into())
    }

    /// Windows of about `window` bytes.
    #[must_use]
    pub fn sized(stream: Box<dyn Read + Send + 'a>, window: u64, cutting: Cutting) -> Self {
        Self {
            stream,
            cutting,
            window: usize::try_from(window).unwrap_or(WINDOW as usize),
            buffer: Vec::new(),
            base: 0,
            done: false,
            used: 0,
            error: None,
            next_time: None,
        }
    }

    /// The next window: its offset, its bytes, and whether it is the last.
    pub fn next_window(&mut self) -> Option<(u64, &[u8], bool)> {
        let (base, len, last) = self.advance()?;
        Some((base, self.bytes(len), last))
    }

    /// The bytes of the window that [`Self::advance`] came to.
    #[must_use]
    pub fn bytes(&self, len: usize) -> &[u8] {
        &self.buffer[..len.min(self.buffer.len())]
    }

    /// Goes to the next window: its offset, its length, and whether it is the last.
    pub fn advance(&mut self) -> Option<(u64, usize, bool)> {
        self.buffer.drain(..self.used);
        self.base += self.used as u64;
        self.used = 0;
        let window = self.window;
        let mut target = window;
        loop {
            self.fill(target);
            if self.buffer.is_empty() {
                return None;
            }
            if self.done {
                self.used = self.buffer.len();
                break;
            }
            if let Some(at) = last_boundary(&self.buffer, self.cutting) {
                self.used = at;
                break;
            }
            // One record as long as this is cut; the rest is read as its continuation.
            if self.buffer.len() >= window.max(REACH as usize) {
                let line = memchr::memrchr(b'\n', &self.buffer).map(|i| i + 1);
                self.used = line.unwrap_or(self.buffer.len());
                break;
            }
            target = self.buffer.len() + window;
        }
        self.next_time = time_at(&self.buffer[self.used..], self.cutting.wrapping);
        let last = self.done && self.used == self.buffer.len();
        Some((self.base, self.used, last))
    }

    fn fill(&mut self, target: usize) {
        while !self.done && self.buffer.len() < target {
            let from = self.buffer.len();
            self.buffer.resize(from + STEP.min(target - from), 0);
            match self.stream.read(&mut self.buffer[from..]) {
                Ok(0) => {
                    self.done = true;
                    self.buffer.truncate(from);
                }
                Ok(n) => self.buffer.truncate(from + n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => self.buffer.truncate(from),
                Err(e) => {
                    self.buffer.truncate(from);
                    self.error = Some(e);
                    self.done = true;
                }
            }
        }
    }
}

/// As [`last_head`], at a record with a date where there is one.
fn last_boundary(bytes: &[u8], cutting: Cutting) -> Option<usize> {
    let dated = match cutting.undated {
        Undated::Console => last_head(
            bytes,
            Cutting {
                undated: Undated::Never,
                ..cutting
            },
        ),
        _ => None,
    };
    dated.or_else(|| last_head(bytes, cutting))
}

/// Index of the last record head that is not at the very start.
fn last_head(bytes: &[u8], cutting: Cutting) -> Option<usize> {
    /// Enough of a line to see whether a record begins there, and what may stand before it.
    const LOOK: usize = 640;
    let mut end = bytes.len();
    // The last line may be cut, head and all: it stays for the next window unless a later look finds it whole.
    while end > 1 {
        let at = memchr::memrchr(b'\n', &bytes[..end - 1])? + 1;
        // A look that begins at 0 of what it is given takes the line before as ended.
        if find_head(&bytes[at..bytes.len().min(at + LOOK)], 0, cutting) == Some(0)
            && !goes_on(&bytes[..at - 1], cutting)
        {
            return Some(at);
        }
        end = at;
    }
    None
}

/// Whether the last line of `bytes` is one that goes on in the next.
fn goes_on(bytes: &[u8], cutting: Cutting) -> bool {
    if cutting.wrapping == Wrapping::None {
        return false;
    }
    let start = memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1);
    cutting.wrapping.text(trim_line_end(&bytes[start..])).1
}

/// Reads a whole artefact, unpacked, up to `most` bytes. The flag tells whether that was all of it.
///
/// # Errors
/// What the operating system says before anything could be read.
pub fn read_whole(a: &Artefact, most: u64) -> io::Result<(Vec<u8>, Option<String>)> {
    read_all(open_stream(a)?, most)
}

/// Reads a whole stream, up to `most` bytes, and says what was left out.
///
/// # Errors
/// What the operating system says before anything could be read.
pub fn read_all(
    stream: Box<dyn Read + Send + '_>,
    most: u64,
) -> io::Result<(Vec<u8>, Option<String>)> {
    let mut out = Vec::new();
    match stream.take(most + 1).read_to_end(&mut out) {
        Ok(_) if out.len() as u64 > most => {
            out.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            Ok((
                out,
                Some(format!("longer than {most} bytes, the rest was not read")),
            ))
        }
        Ok(_) => Ok((out, None)),
        Err(e) => Ok((out, Some(e.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::record::Undated;

    fn log(records: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for i in 0..records {
            out.extend_from_slice(
                format!(
                    "2024-05-01 10:00:{:02},{:03} INFO message {i} {}\n\n",
                    i % 60,
                    i % 1000,
                    "x".repeat(i % 90)
                )
                .as_bytes(),
            );
        }
        out
    }

    #[test]
    fn windows_share_sixteen_megabytes_whatever_the_threads() {
        assert_eq!(window_for(1), WINDOW);
        assert_eq!(window_for(2), WINDOW);
        for threads in 1..=THREADS_MAX {
            let each = window_for(threads) + beside_window();
            assert!(threads as u64 * each <= ALL_WINDOWS, "{threads}");
            assert!(window_for(threads) >= 16 << 10, "{threads}");
            assert!(window_for(threads) >= window_for(threads + 1));
        }
        assert_eq!(window_for(4096), window_for(THREADS_MAX));
    }

    #[test]
    fn a_window_is_read_into_no_more_than_its_share() {
        let source = Source::Memory(std::sync::Arc::new(log(40_000)));
        for threads in [1, 64, THREADS_MAX] {
            let (window, mut buffer) = (window_for(threads), Vec::new());
            for i in 0..10 {
                let cutting = Undated::Never.into();
                sized_log_window(&source, i * window, window, cutting, &mut buffer).unwrap();
            }
            assert!(buffer.capacity() as u64 <= ALL_WINDOWS / threads as u64);
        }
    }

    #[test]
    fn windows_of_a_file_cover_it_exactly_and_begin_at_records() {
        let bytes = log(40_000);
        let source = Source::Memory(std::sync::Arc::new(bytes.clone()));
        let mut buffer = Vec::new();
        let (mut at, mut from, mut n) = (0u64, 0u64, 0);
        while from < bytes.len() as u64 {
            let w = log_window(&source, from, Undated::Never, &mut buffer).unwrap();
            assert_eq!(w.base, at);
            let text = &buffer[w.start..w.end];
            assert_eq!(text, &bytes[at as usize..at as usize + text.len()]);
            assert!(text.starts_with(b"2024-05-01 10:00:"));
            at += text.len() as u64;
            from += WINDOW;
            n += 1;
        }
        assert!(n > 2);
        assert_eq!(at, bytes.len() as u64);
    }

    #[test]
    fn a_record_longer_than_a_window_loses_nothing() {
        let mut bytes = log(10);
        bytes.extend_from_slice(b"2024-05-01 10:01:00,000 INFO long ");
        bytes.extend(std::iter::repeat_n(b'y', 3 * REACH as usize + 77));
        bytes.push(b'\n');
        bytes.extend_from_slice(&log(10));
        let source = Source::Memory(std::sync::Arc::new(bytes.clone()));
        let mut buffer = Vec::new();
        let mut seen = Vec::new();
        let mut from = 0;
        while from < bytes.len() as u64 {
            let w = log_window(&source, from, Undated::Never, &mut buffer).unwrap();
            seen.extend_from_slice(&buffer[w.start..w.end]);
            from += WINDOW;
        }
        assert!(seen == bytes);
    }

    /// Fails once its bytes are read, and then says that it has ended.
    struct Broken(io::Cursor<Vec<u8>>, bool);

    impl Read for Broken {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 if !std::mem::replace(&mut self.1, true) => {
                    Err(io::ErrorKind::InvalidData.into())
                }
                n => Ok(n),
            }
        }
    }

    #[test]
    fn reading_ahead_gives_the_same_bytes_and_the_same_end() {
        for len in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5, 9 * BLOCK] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
            let (mut seen, mut broken) = (Vec::new(), Vec::new());
            let mut error = None;
            std::thread::scope(|s| {
                let source = Box::new(io::Cursor::new(bytes.clone()));
                ReadAhead::spawn(s, source).read_to_end(&mut seen).unwrap();
                let source = Box::new(Broken(io::Cursor::new(bytes.clone()), false));
                error = ReadAhead::spawn(s, source).read_to_end(&mut broken).err();
                // Left before its end.
                let source = Box::new(io::Cursor::new(bytes.clone()));
                let _ = ReadAhead::spawn(s, source).read(&mut [0; 7]).unwrap();
            });
            assert!(seen == bytes && broken == bytes, "{len}");
            assert_eq!(error.map(|e| e.kind()), Some(io::ErrorKind::InvalidData));
        }
    }

    #[test]
    fn windows_of_a_stream_cover_it_exactly() {
        let bytes = log(40_000);
        let mut w = StreamWindows::new(Box::new(io::Cursor::new(bytes.clone())), Undated::Never);
        let mut seen = Vec::new();
        while let Some((base, text, _)) = w.next_window() {
            assert_eq!(base, seen.len() as u64);
            assert!(text.starts_with(b"2024-05-01"));
            seen.extend_from_slice(text);
        }
        assert!(seen == bytes);
    }
}
