//! The commonest record of naming-push.log, cut in a few dozen instructions.
//!
//! ```text
//! [PUSH-SUCC] 361ms, all delay time 1028ms, SLA 1053ms, Service{…, ephemeral=true, revision=17}, originalSize=4, DataSize=3, target=10.31.5.22
//! ```
//!
//! Only the exact form is read here: numbers of one to seven digits, a target of one to fifteen bytes. Whatever differs in
//! anything is left to the statement table, which reads this form to the same fields.

/// An acknowledged push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    /// To whom, as written: up to fifteen bytes, the first in the lowest place. Equal texts are equal numbers.
    pub target: u128,
    /// The same, as bytes.
    pub client: &'a [u8],
    /// The text between `Service{` and `, ephemeral=`. A name may hold anything: whether that is the first
    /// `, ephemeral=` is for the caller to see, once for each distinct text.
    pub service: &'a [u8],
    /// The service's revision.
    pub revision: u64,
    /// Instances sent.
    pub instances: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const WIDE_LOW: u128 = 0x7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f;

/// The `N` bytes from `at` on.
fn take<const N: usize>(line: &[u8], at: usize) -> Option<&[u8; N]> {
    line.get(at..)?.first_chunk()
}

/// The `N` bytes up to `end`.
fn take_before<const N: usize>(line: &[u8], end: usize) -> Option<&[u8; N]> {
    line.get(..end)?.last_chunk()
}

/// Steps over a literal.
fn over<const N: usize>(line: &[u8], at: usize, literal: &[u8; N]) -> Option<usize> {
    (take::<N>(line, at)? == literal).then_some(at + N)
}

/// Steps back over a literal.
fn back<const N: usize>(line: &[u8], end: usize, literal: &[u8; N]) -> Option<usize> {
    (take_before::<N>(line, end)? == literal).then(|| end - N)
}

/// The highest bit of each byte that is no digit.
fn others(digits: u64) -> u64 {
    (((digits & (0x7f * ONES)) + 0x76 * ONES) | digits) & HIGH
}

/// Steps over one to seven digits.
fn over_digits(line: &[u8], at: usize) -> Option<usize> {
    let n = others(u64::from_le_bytes(*take(line, at)?) ^ (0x30 * ONES)).trailing_zeros() / 8;
    (1..8).contains(&n).then(|| at + n as usize)
}

/// Steps back over one to seven digits; their value.
fn back_digits(line: &[u8], end: usize) -> Option<(usize, u64)> {
    let digits = u64::from_le_bytes(*take_before(line, end)?) ^ (0x30 * ONES);
    let n = others(digits).leading_zeros() / 8;
    if !(1..8).contains(&n) {
        return None;
    }
    // The first digit in the lowest place, eight of them, noughts in front.
    let v = digits & (u64::MAX << (64 - 8 * n));
    let v = v.wrapping_mul(10) + (v >> 8);
    let high = (v & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = ((v >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some((end - n as usize, high.wrapping_add(low) >> 32))
}

/// Cuts a message of this form; `None` for any other.
#[must_use]
pub fn read_success(line: &[u8]) -> Option<Push<'_>> {
    let at = over(line, 0, b"[PUSH-SUCC] ")?;
    let at = over_digits(line, at)?;
    let at = over(line, at, b"ms, all delay time ")?;
    let at = over_digits(line, at)?;
    let at = over(line, at, b"ms, SLA ")?;
    let at = over_digits(line, at)?;
    let begin = over(line, at, b"ms, Service{")?;

    // From the end: the last `=` of the line stands before the target.
    let tail = u128::from_le_bytes(*line.last_chunk()?);
    let x = tail ^ u128::from_le_bytes([b'='; 16]);
    let equals = !(((x & WIDE_LOW) + WIDE_LOW) | x | WIDE_LOW);
    let n = equals.leading_zeros() / 8;
    if !(1..16).contains(&n) {
        return None;
    }
    let client = line.len() - n as usize;
    let at = back(line, client, b", target=")?;
    let (at, instances) = back_digits(line, at)?;
    let mut at = back(line, at, b", DataSize=")?;
    if at > 0 && line[at - 1] != b'}' {
        at = back(line, back_digits(line, at)?.0, b", originalSize=")?;
    }
    let at = back(line, at, b"}")?;
    let (at, revision) = back_digits(line, at)?;
    let end = match back(line, at, b", ephemeral=true, revision=") {
        Some(end) => end,
        None => back(line, at, b", ephemeral=false, revision=")?,
    };
    Some(Push {
        target: tail >> (128 - 8 * n),
        client: &line[client..],
        service: line.get(begin..end)?,
        revision,
        instances,
    })
}

/// Whether a message is one of those that are known and only counted.
#[must_use]
pub fn only_counts(line: &[u8]) -> bool {
    line.starts_with(b"[PUSH] Task merge for ") || line.starts_with(b"Reason detail:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::statement::{Event, Rows, Series, Text};
    use proptest::prelude::*;

    const SAMPLE: &str = "[PUSH-SUCC] 361ms, all delay time 1028ms, SLA 1053ms, Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=17}, originalSize=4, DataSize=3, target=10.31.5.22";

    /// What is cut here, the table reads to the same fields.
    fn agrees(line: &[u8]) -> bool {
        let Some(push) = read_success(line) else {
            return false;
        };
        if memchr::memmem::find(push.service, b", ephemeral=").is_some() {
            return false;
        }
        let text = Text { line, more: b"" };
        let Some((row, event)) = Rows::of(Series::NamingPush).read(&text) else {
            panic!("no row: {}", String::from_utf8_lossy(line));
        };
        assert_eq!(row.id, "push-succ");
        let Event::PushOk {
            client,
            service,
            revision,
            instances,
            ..
        } = event
        else {
            panic!("another event");
        };
        assert_eq!((client, service.0), (push.client, push.service));
        assert_eq!((revision, instances), (push.revision, push.instances));
        let mut text = push.target.to_le_bytes().to_vec();
        text.truncate(client.len());
        assert_eq!(text, client);
        true
    }

    #[test]
    fn the_form_of_the_releases_is_cut() {
        assert!(agrees(SAMPLE.as_bytes()));
        assert!(agrees(SAMPLE.replace(", originalSize=4", "").as_bytes()));
        assert!(agrees(SAMPLE.replace("=true", "=false").as_bytes()));
        assert!(agrees(
            SAMPLE.replace("svc-0", "a}, b, target=c").as_bytes()
        ));
        for other in [
            SAMPLE.replace("=3,", "=12345678,"),
            SAMPLE.replace("10.31.5.22", ""),
            SAMPLE.replace("10.31.5.22", "fe80:0:0:0:1:2:3:4"),
            SAMPLE.replace("svc-0", "a, ephemeral=true, revision=1}, b"),
            SAMPLE.replace("SLA 1053ms", "SLA ms"),
        ] {
            assert!(!agrees(other.as_bytes()), "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_cut_the_table_reads_alike(
            numbers in prop::collection::vec(0u64..200_000_000, 6),
            shift in prop::collection::vec(0u32..28, 6),
            name in "[a-z,'}{= ]{0,12}",
            target in "[0-9a-z.=<, ]{0,18}",
            edits in prop::collection::vec((0usize..220, any::<u8>()), 0..3),
            original in any::<bool>(),
        ) {
            let n: Vec<u64> = numbers.iter().zip(&shift).map(|(n, s)| n >> s).collect();
            let original = if original { format!(", originalSize={}", n[4]) } else { String::new() };
            let mut line = format!(
                "[PUSH-SUCC] {}ms, all delay time {}ms, SLA {}ms, Service{{namespace='p', group='G', name='{name}', ephemeral=true, revision={}}}{original}, DataSize={}, target={target}",
                n[0], n[1], n[2], n[3], n[5]
            )
            .into_bytes();
            agrees(&line);
            for (at, byte) in edits {
                if byte != b'\n' && let Some(b) = line.get_mut(at) {
                    *b = byte;
                }
            }
            agrees(&line);
        }
    }
}
