//! Compressed dumps. `jcmd GC.heap_dump -gz` writes one gzip member per MiB of dump, so all members are read; zstd files
//! may have several frames too.

use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// How a file is packed, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Packing {
    /// Tells by the magic number.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame before the first real one.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// A reader of what a packed file holds. `bytes` is the whole file, or a reader positioned at its start.
pub fn unpack<'a, R: Read + Send + 'a>(packing: Packing, from: R) -> Box<dyn Read + Send + 'a> {
    let from = BufReader::with_capacity(256 << 10, from);
    match packing {
        Packing::Plain => Box::new(from),
        Packing::Gzip => Box::new(MultiGzDecoder::new(from)),
        Packing::Zstd => Box::new(Frames::Between(from, None)),
    }
}

/// Bytes handed over at a time, and how many such pieces may wait.
const PIECE: usize = 512 << 10;
const WAITING: usize = 4;

/// Runs `work` on a reader whose bytes are unpacked by a thread of their own meanwhile.
pub fn unpacked_aside<R: Read + Send, T>(mut from: R, work: impl FnOnce(Handed) -> T) -> T {
    std::thread::scope(|scope| {
        let (give, take) = sync_channel::<io::Result<Vec<u8>>>(WAITING);
        scope.spawn(move || {
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let read = from.by_ref().take(PIECE as u64).read_to_end(&mut piece);
                let ended = piece.is_empty();
                // What came before an error is handed over before it.
                if (!ended && give.send(Ok(piece)).is_err()) || (ended && read.is_ok()) {
                    return;
                }
                if let Err(e) = read {
                    // Nobody listens any more when this fails.
                    let _ = give.send(Err(e));
                    return;
                }
            }
        });
        work(Handed {
            take,
            piece: Vec::new(),
            at: 0,
        })
    })
}

/// What another thread unpacks.
#[derive(Debug)]
pub struct Handed {
    take: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Handed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.take.recv() {
                Ok(piece) => self.piece = piece?,
                Err(_) => return Ok(0), // the other thread is through
            }
            self.at = 0;
        }
        let rest = &self.piece[self.at..];
        let n = rest.len().min(to.len());
        to[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

/// zstd frames one after the other.
enum Frames<R: Read> {
    Between(R, Option<Box<FrameDecoder>>),
    Inside(StreamingDecoder<R, Box<FrameDecoder>>),
    Ended,
}

impl<R: io::BufRead> Read for Frames<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Ended) {
                Self::Ended => return Ok(0),
                Self::Between(mut from, decoder) => {
                    if from.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    if skip_frame(&mut from)? {
                        *self = Self::Between(from, decoder);
                        continue;
                    }
                    let decoder = decoder.unwrap_or_else(|| Box::new(FrameDecoder::new()));
                    let inside = StreamingDecoder::new_with_decoder(from, decoder)
                        .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
                    *self = Self::Inside(inside);
                }
                Self::Inside(mut inside) => {
                    let n = inside.read(to)?;
                    if n > 0 || to.is_empty() {
                        *self = Self::Inside(inside);
                        return Ok(n);
                    }
                    let (from, decoder) = inside.into_parts();
                    *self = Self::Between(from, Some(decoder));
                }
            }
        }
    }
}

/// Passes over a skippable frame, if one begins here.
fn skip_frame<R: io::BufRead>(from: &mut R) -> io::Result<bool> {
    let buffered = from.fill_buf()?;
    let &[a, 0x2a, 0x4d, 0x18, l0, l1, l2, l3, ..] = buffered else {
        return Ok(false);
    };
    if !(0x50..=0x5f).contains(&a) {
        return Ok(false);
    }
    from.consume(8);
    let length = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
    io::copy(&mut from.take(length), &mut io::sink())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    #[test]
    fn every_member_of_a_gzip_file_is_read() {
        let mut file = gzip(b"one ");
        file.extend(gzip(b"two"));
        assert_eq!(Packing::of(&file), Packing::Gzip);
        let mut all = Vec::new();
        unpack(Packing::Gzip, &file[..])
            .read_to_end(&mut all)
            .unwrap();
        assert_eq!(all, b"one two");
    }

    #[test]
    fn every_frame_of_a_zstd_file_is_read_and_skippable_ones_are_passed_over() {
        let frame = |text: &[u8]| {
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
        };
        let mut file = vec![0x52, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        file.extend(frame(b"one "));
        file.extend(frame(b"two"));
        assert_eq!(Packing::of(&file), Packing::Zstd);
        let mut all = Vec::new();
        unpack(Packing::Zstd, &file[..])
            .read_to_end(&mut all)
            .unwrap();
        assert_eq!(all, b"one two");
    }

    #[test]
    fn what_another_thread_unpacks_is_the_same_and_so_is_its_error() {
        let bytes: Vec<u8> = (0..3_000_000u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        let file = gzip(&bytes);
        for cut in [file.len(), file.len() / 2] {
            let read = |from: &mut dyn Read| {
                let mut all = Vec::new();
                let error = from.read_to_end(&mut all).err().map(|e| e.to_string());
                (all, error)
            };
            let here = read(&mut unpack(Packing::Gzip, &file[..cut]));
            let aside = unpacked_aside(unpack(Packing::Gzip, &file[..cut]), |mut h| read(&mut h));
            assert!(here == aside, "cut at {cut}");
        }
        // A reader that loses interest does not keep the other waiting.
        unpacked_aside(unpack(Packing::Gzip, &file[..]), |mut h| {
            assert_eq!(h.read(&mut [0; 10]).unwrap(), 10);
        });
    }

    #[test]
    fn a_cut_off_file_gives_what_it_holds_and_then_an_error() {
        let file = gzip(&vec![7u8; 100_000]);
        let mut all = Vec::new();
        let cut = &file[..file.len() - 12];
        assert!(unpack(Packing::Gzip, cut).read_to_end(&mut all).is_err());
        assert!(!all.is_empty());
    }
}
