//! Pseudonyms of addresses that keep subnets together: two addresses with a common prefix get pseudonyms with a common prefix of
//! the same length (the scheme of Crypto-PAn, with HMAC-SHA256 as its function): each bit is turned by a keyed function of the
//! bits before it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Key;

/// Ranges whose first bits stay as they are, so that a private address stays a private one. None is longer than 16 bits, which
/// is what makes [`public`] keep subnets of 16 bits and more.
const KEPT: [(u32, u32); 7] = [
    (0x0a00_0000, 8),  // 10/8
    (0xac10_0000, 12), // 172.16/12
    (0xc0a8_0000, 16), // 192.168/16
    (0x6440_0000, 10), // 100.64/10, carriers
    (0xa9fe_0000, 16), // 169.254/16, link
    (0x7f00_0000, 8),  // 127/8
    (0xc612_0000, 15), // 198.18/15, benchmarks
];

/// First bits that no host has: 0/8, and 224/4 and above.
fn is_special(a: u32) -> bool {
    a >> 24 == 0 || a >> 28 >= 0xe
}

fn kept(a: u32) -> Option<u32> {
    KEPT.iter()
        .find(|(net, bits)| a >> (32 - bits) == net >> (32 - bits))
        .map(|(_, bits)| *bits)
}

/// The pseudonym of an address. Loopback, wildcard and multicast addresses say nothing of anybody and stay.
pub(super) fn pseudonym(key: &Key, a: IpAddr) -> IpAddr {
    match a {
        IpAddr::V4(a) => IpAddr::V4(v4(key, a)),
        IpAddr::V6(a) => IpAddr::V6(v6(key, a)),
    }
}

fn v4(key: &Key, a: Ipv4Addr) -> Ipv4Addr {
    let bits = u32::from(a);
    if a.is_loopback() || is_special(bits) {
        return a;
    }
    Ipv4Addr::from(match kept(bits) {
        Some(prefix) => turn(key, bits, prefix),
        None => public(key, bits),
    })
}

/// A public address becomes a public one: the permutation is applied again while it leads into a range with a meaning. All
/// these ranges are prefixes of 16 bits at most, so neighbours within a /16 take the same number of steps.
fn public(key: &Key, mut bits: u32) -> u32 {
    // The permutation's cycle leads back to where it began, so this ends.
    loop {
        bits = turn(key, bits, 0);
        if kept(bits).is_none() && !is_special(bits) {
            return bits;
        }
    }
}

/// Turns the bits behind the first `from`, each by the bits before it.
fn turn(key: &Key, bits: u32, from: u32) -> u32 {
    (from..32).fold(bits, |out, i| {
        let before = if i == 0 { 0 } else { bits >> (32 - i) };
        let mut text = *b"v4......";
        text[2] = i as u8;
        text[3..7].copy_from_slice(&before.to_be_bytes());
        out ^ (u32::from(key.digest(&text)[0] & 1) << (31 - i))
    })
}

fn v6(key: &Key, a: Ipv6Addr) -> Ipv6Addr {
    if let Some(v4_inside) = a.to_ipv4_mapped() {
        return v4(key, v4_inside).to_ipv6_mapped();
    }
    if a.is_loopback() || a.is_unspecified() || a.is_multicast() {
        return a;
    }
    let bits = u128::from(a);
    let turned = (0..128u32).fold(bits, |out, i| {
        let before = if i == 0 { 0 } else { bits >> (128 - i) };
        let mut text = [0u8; 19];
        text[..2].copy_from_slice(b"v6");
        text[2] = i as u8;
        text[3..].copy_from_slice(&before.to_be_bytes());
        out ^ (u128::from(key.digest(&text)[0] & 1) << (127 - i))
    });
    // Into fd00::/8, unique local addresses: nobody's. What the first bits said is still in how the others were turned.
    let local = (turned & (u128::MAX >> 8)) | (0xfd << 120);
    Ipv6Addr::from(local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn common(a: u32, b: u32) -> u32 {
        (a ^ b).leading_zeros()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn subnets_stay_together_and_private_stays_private(a: u32, flip in 0u32..32, seed: u64) {
            let key = Key::new(&seed.to_be_bytes().repeat(2));
            let b = a ^ (1 << (31 - flip));
            let (x, y) = (v4(&key, a.into()), v4(&key, b.into()));
            prop_assert_ne!(x, y);
            let untouched = |n: u32| Ipv4Addr::from(n).is_loopback() || is_special(n);
            if flip >= 16 && !untouched(a) {
                prop_assert_eq!(common(x.into(), y.into()), flip);
            }
            prop_assert_eq!(Ipv4Addr::from(a).is_private(), x.is_private());
            prop_assert_eq!(kept(a), kept(x.into()));
        }

        #[test]
        fn v6_subnets_stay_together(a: u128, flip in 8u32..128) {
            let key = Key::new(b"0123456789abcdef");
            prop_assume!(a >> 120 != 0xff && a >> 32 != 0xffff);
            let b = a ^ (1 << (127 - flip));
            prop_assume!(b > 1 && a > 1);
            let (x, y) = (u128::from(v6(&key, a.into())), u128::from(v6(&key, b.into())));
            prop_assert_eq!((x ^ y).leading_zeros(), flip);
            prop_assert_eq!(x >> 120, 0xfd);
        }
    }

    #[test]
    fn addresses_of_nobody_stay() {
        let key = Key::new(b"0123456789abcdef");
        for a in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::"] {
            let a: IpAddr = a.parse().unwrap();
            assert_eq!(pseudonym(&key, a), a);
        }
        let ip: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        assert!(pseudonym(&key, ip).to_string().starts_with("::ffff:10."));
    }
}
