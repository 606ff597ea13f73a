//! Files as bytes. One of two places with `unsafe` code; the other is `parse/vector.rs`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap, UncheckedAdvice};

/// A file mapped for reading. Only for files that do not change while they are read, as heap dumps: a file that shrinks
/// under its map ends the process.
#[derive(Debug)]
pub struct Mapped {
    map: Mmap,
}

impl Mapped {
    /// Maps the whole file.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(&File::open(path)?)
    }

    /// Maps an open file.
    ///
    /// # Errors
    /// When it cannot be mapped.
    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the map is private and read-only. That nobody truncates or rewrites the file meanwhile cannot be
        // enforced; bytes that change are only ever parsed as untrusted input, never relied on to stay the same.
        let map = unsafe { Mmap::map(file) }?;
        // A hint; without it all works as well.
        let _ = map.advise(Advice::Sequential);
        Ok(Self { map })
    }

    /// Gives the pages of `at..at + len` back to the system; read again, they come from the file once more.
    #[expect(
        unsafe_code,
        reason = "giving pages back is unsafe for maps that were written to"
    )]
    pub fn release(&self, at: usize, len: usize) {
        const PAGE: usize = 4096;
        let start = at.div_ceil(PAGE) * PAGE;
        let end = at.saturating_add(len).min(self.map.len()) / PAGE * PAGE;
        if start < end {
            // SAFETY: the map is read-only and backed by a file, so nothing is lost: a page read again is the file's.
            let _ = unsafe {
                self.map
                    .unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start)
            };
        }
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_reads_the_same_after_its_pages_were_given_back() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let map = Mapped::open(&path).unwrap();
        let before = map.to_vec();
        map.release(0, usize::MAX);
        assert_eq!(&map[..], &before[..]);
    }
}
