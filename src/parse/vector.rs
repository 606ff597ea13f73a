//! Sixteen and more bytes looked at in one step, for texts too short to pay for a call of a search.

/// Which of 64 bytes are `byte`: the first in the lowest bit.
#[inline(always)]
pub(crate) fn find64(text: &[u8; 64], byte: u8) -> u64 {
    let (parts, _) = text.as_chunks::<16>();
    let at = |i: usize| u64::from(find16(&parts[i], byte));
    at(0) | at(1) << 16 | at(2) << 32 | at(3) << 48
}

/// Which of 32 bytes are `byte`: the first in the lowest bit.
#[inline(always)]
pub(crate) fn find32(text: &[u8; 32], byte: u8) -> u32 {
    let (parts, _) = text.as_chunks::<16>();
    u32::from(find16(&parts[0], byte)) | u32::from(find16(&parts[1], byte)) << 16
}

/// Which of 16 bytes are `byte`: the first in the lowest bit.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "instructions that every processor of the kind has"
)]
pub(crate) fn find16(text: &[u8; 16], byte: u8) -> u16 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let all = u128::from_le_bytes(*text);
    // SAFETY: they work on values alone, and the build says that the processor has them.
    let found = unsafe {
        let text = _mm_set_epi64x((all >> 64) as i64, all as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(byte as i8)))
    };
    found as u16
}

/// Which of 16 bytes are `byte`: the first in the lowest bit.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline(always)]
pub(crate) fn find16(text: &[u8; 16], byte: u8) -> u16 {
    by_words(text, byte)
}

/// [`find16`] for processors of which nothing is known.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
#[inline(always)]
fn by_words(text: &[u8; 16], byte: u8) -> u16 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let (words, _) = text.as_chunks::<8>();
    let of = |i: usize| {
        let x = u64::from_le_bytes(words[i]) ^ (u64::from(byte) * (u64::MAX / 255));
        // The highest bit of each byte that is nought; then those bits side by side.
        let hits = !(((x & LOW) + LOW) | x | LOW);
        ((hits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    };
    of(0) | of(1) << 8
}

/// Which of 16 bytes are equal in both.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "instructions that every processor of the kind has"
)]
fn equal16(a: &[u8; 16], b: &[u8; 16]) -> u16 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x};
    let (a, b) = (u128::from_le_bytes(*a), u128::from_le_bytes(*b));
    // SAFETY: they work on values alone, and the build says that the processor has them.
    let found = unsafe {
        let a = _mm_set_epi64x((a >> 64) as i64, a as i64);
        let b = _mm_set_epi64x((b >> 64) as i64, b as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(a, b))
    };
    found as u16
}

/// Which of 16 bytes are equal in both.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline(always)]
fn equal16(a: &[u8; 16], b: &[u8; 16]) -> u16 {
    let both = (u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b)).to_le_bytes();
    by_words(&both, 0)
}

/// Whether the first `len` of 64 bytes are equal in both.
#[inline(always)]
pub(crate) fn begin_alike(a: &[u8; 64], b: &[u8; 64], len: usize) -> bool {
    let ((a, _), (b, _)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let at = |i: usize| u64::from(equal16(&a[i], &b[i]));
    let equal = at(0) | at(1) << 16 | at(2) << 32 | at(3) << 48;
    let beyond = if len < 64 { u64::MAX << len } else { 0 };
    equal | beyond == u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_found_where_they_are(text in prop::array::uniform32(0u8..4), byte in 0u8..4, high in any::<bool>()) {
            let mut whole = [0; 64];
            whole[..32].copy_from_slice(&text);
            whole[32..].copy_from_slice(&text);
            let byte = if high { byte | 0x80 } else { byte };
            if high {
                whole.iter_mut().step_by(3).for_each(|b| *b |= 0x80);
            }
            let plain = |text: &[u8]| {
                text.iter().enumerate().fold(0u64, |m, (i, b)| m | u64::from(*b == byte) << i)
            };
            prop_assert_eq!(find64(&whole, byte), plain(&whole));
            prop_assert_eq!(u64::from(find32(whole.first_chunk().unwrap(), byte)), plain(&whole[..32]));
            prop_assert_eq!(u64::from(by_words(whole.first_chunk().unwrap(), byte)), plain(&whole[..16]));
        }

        #[test]
        fn beginnings_are_alike_when_they_are(at in 0usize..64, len in 0usize..70, other in 1u8..255) {
            let a: [u8; 64] = std::array::from_fn(|i| i as u8);
            let mut b = a;
            b[at] ^= other;
            prop_assert_eq!(begin_alike(&a, &b, len), at >= len);
            prop_assert!(begin_alike(&a, &a, len));
        }
    }
}
