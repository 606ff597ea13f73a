//! Quantities with a unit: wall-clock times, byte counts, network addresses.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Timelike};

/// Milliseconds of a wall clock, counted from 1970-01-01 00:00 *on that clock*.
///
/// Nacos writes local time without zone. All times of a node are kept on the node's own clock until the report, where the
/// zone's offset (read from connection ids, access logs or the GC log, or given with `--tz`) makes an instant of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

impl WallTime {
    /// From calendar fields; `None` when they name no date.
    #[must_use]
    pub fn from_fields(y: i32, mo: u32, d: u32, h: u32, mi: u32, s: u32, ms: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(y, mo, d)?
            .and_hms_milli_opt(h, mi, s, ms)
            .map(|t| Self(t.and_utc().timestamp_millis()))
    }

    /// The calendar date and time shown by the clock.
    #[must_use]
    pub fn naive(self) -> NaiveDateTime {
        DateTime::from_timestamp_millis(self.0)
            .unwrap_or_default()
            .naive_utc()
    }

    /// Earlier by `ms` milliseconds.
    #[must_use]
    pub fn minus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Later by `ms` milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Seconds since the clock's epoch, rounded down.
    #[must_use]
    pub fn second(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// RFC 3339 in UTC, given the clock's offset from UTC in minutes. Milliseconds are printed when there are any.
    #[must_use]
    pub fn rfc3339(self, offset_minutes: i32) -> String {
        let utc = self.minus_ms(i64::from(offset_minutes) * 60_000).naive();
        // Reports hold thousands of these; a format is worked out anew each time.
        let Some(year) = u32::try_from(utc.year()).ok().filter(|y| *y <= 9999) else {
            return utc.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string();
        };
        let mut out = String::with_capacity(24);
        let mut put = |n: u32, digits: u32, behind: char| {
            for place in (0..digits).rev() {
                out.extend(char::from_digit(n / 10u32.pow(place) % 10, 10));
            }
            out.push(behind);
        };
        put(year, 4, '-');
        put(utc.month(), 2, '-');
        put(utc.day(), 2, 'T');
        put(utc.hour(), 2, ':');
        put(utc.minute(), 2, ':');
        match self.0.rem_euclid(1000) as u32 {
            0 => put(utc.second(), 2, 'Z'),
            ms => {
                put(utc.second(), 2, '.');
                put(ms, 3, 'Z');
            }
        }
        out
    }

    /// Reads `2026-11-22 23:50`, `2026-11-22T23:50:36`, `2026-11-22`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim().replace('T', " ");
        let at = |f: &str| NaiveDateTime::parse_from_str(&t, f).ok();
        at("%Y-%m-%d %H:%M:%S%.f")
            .or_else(|| at("%Y-%m-%d %H:%M"))
            .or_else(|| {
                NaiveDate::parse_from_str(&t, "%Y-%m-%d")
                    .ok()?
                    .and_hms_opt(0, 0, 0)
            })
            .map(|n| Self(n.and_utc().timestamp_millis()))
    }

    /// Reads RFC 3339 as the instant it names, on a clock that shows UTC.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|t| Self(t.timestamp_millis()))
    }

    /// `2026-11-22 23:55:36`, as the logs of the node print it.
    #[must_use]
    pub fn local(self) -> String {
        self.naive().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `23:55:36`.
    #[must_use]
    pub fn local_time(self) -> String {
        self.naive().format("%H:%M:%S").to_string()
    }
}

/// Reads `+08:00`, `-0330`, `+8`, `UTC`, `Z` as minutes east of UTC.
#[must_use]
pub fn parse_offset(text: &str) -> Option<i32> {
    let t = text.trim();
    if t.eq_ignore_ascii_case("utc") || t.eq_ignore_ascii_case("z") || t.eq_ignore_ascii_case("gmt")
    {
        return Some(0);
    }
    let (sign, rest) = match t.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (h, m) = match rest.split_once(':') {
        Some((h, m)) => (h, m),
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let (h, m): (i32, i32) = (h.parse().ok()?, m.parse().ok()?);
    ((0..=18).contains(&h) && (0..60).contains(&m)).then_some(sign * (h * 60 + m))
}

/// `+08:00` for 480.
#[must_use]
pub fn offset_name(minutes: i32) -> String {
    FixedOffset::east_opt(minutes * 60).map_or_else(|| "?".to_owned(), |o| o.to_string())
}

/// A count of bytes, shown to people in binary units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut v = self.0 as f64;
        let mut unit = 0;
        v /= 1024.0;
        while v >= 1023.95 && unit + 1 < UNITS.len() {
            v /= 1024.0;
            unit += 1;
        }
        let unit = UNITS[unit];
        if v >= 100.0 || (v - v.round()).abs() < 0.05 {
            write!(f, "{v:.0} {unit}")
        } else {
            write!(f, "{v:.1} {unit}")
        }
    }
}

impl Bytes {
    /// Reads what the JVM and people write: `512m`, `480MiB`, `12KB`, `1.5g`, `503316480`, `0x1e000000`.
    ///
    /// Units are powers of 1024. Returns `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim();
        if let Some(hex) = t.strip_prefix("0x").or_else(|| t.strip_prefix("0X")) {
            return u64::from_str_radix(hex, 16).ok().map(Self);
        }
        let split = t
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(t.len());
        let (number, unit) = t.split_at(split);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return None,
        };
        if let Ok(n) = number.parse::<u64>() {
            return n.checked_mul(factor).map(Self);
        }
        let n = number.parse::<f64>().ok()?;
        let v = n * factor as f64;
        (v.is_finite() && (0.0..1e18).contains(&v)).then_some(Self(v as u64))
    }
}

/// Who a line is about: a network address, or the text that stands where an address should (masked, a host name).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IPv4 or IPv6 address; IPv4 mapped into IPv6 is IPv4 here.
    Ip(IpAddr),
    /// Anything else, as it is written.
    Name(Box<str>),
}

impl Address {
    /// From the text of a log. Never fails: what is no address is kept as a name.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        if let Some(v4) = read_ipv4(text) {
            return v4;
        }
        let s = String::from_utf8_lossy(text);
        let bare = s.trim().trim_start_matches('/');
        let bare = bare
            .strip_prefix('[')
            .and_then(|b| b.strip_suffix(']'))
            .unwrap_or(bare);
        let without_zone = bare.split('%').next().unwrap_or(bare);
        match without_zone.parse::<IpAddr>() {
            Ok(IpAddr::V6(v6)) => Self::Ip(canonical(v6)),
            Ok(ip) => Self::Ip(ip),
            Err(_) => Self::Name(bare.into()),
        }
    }

    /// Whether this is a network address.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        matches!(self, Self::Ip(_))
    }

    /// Whether this address is the machine itself (127.0.0.0/8, ::1).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        matches!(self, Self::Ip(ip) if ip.is_loopback())
    }
}

fn canonical(v6: Ipv6Addr) -> IpAddr {
    v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
}

/// The common case without allocation: four decimal parts.
fn read_ipv4(text: &[u8]) -> Option<Address> {
    let mut parts = [0u8; 4];
    let (mut part, mut value, mut digits) = (0usize, 0u32, 0u8);
    for &b in text {
        match b {
            b'0'..=b'9' => {
                value = value * 10 + u32::from(b - b'0');
                digits += 1;
                if digits > 3 || value > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 && part < 3 => {
                parts[part] = value as u8;
                part += 1;
                value = 0;
                digits = 0;
            }
            _ => return None,
        }
    }
    if part != 3 || digits == 0 {
        return None;
    }
    parts[3] = value as u8;
    Some(Address::Ip(IpAddr::from(parts)))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The name that someone who wrote `word` may have meant: the nearest, where it is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|k| {
            let plain = k.replace('_', "-");
            (strsim::osa_distance(&word, &plain), k)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, k)| *distance <= 1 + k.len() / 4)
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_every_unit_the_jvm_accepts() {
        for (text, bytes) in [
            ("512m", 536_870_912),
            ("480MiB", 503_316_480),
            ("12KB", 12_288),
            ("1.5g", 1_610_612_736),
            ("503316480", 503_316_480),
            ("0x1e000000", 503_316_480),
        ] {
            assert_eq!(Bytes::parse(text), Some(Bytes(bytes)), "{text}");
        }
        for text in ["", "m", "12x", "-1", "1..2m"] {
            assert_eq!(Bytes::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_shown_in_binary_units() {
        assert_eq!(Bytes(503_316_480).to_string(), "480 MiB");
        assert_eq!(Bytes(1_023).to_string(), "1023 B");
        assert_eq!(Bytes(1_536).to_string(), "1.5 KiB");
        assert_eq!(Bytes(1_073_741_823).to_string(), "1 GiB");
    }

    #[test]
    fn addresses_are_canonical_and_what_is_none_stays_as_written() {
        assert_eq!(Address::read(b"10.0.0.9").to_string(), "10.0.0.9");
        assert_eq!(Address::read(b"/10.0.0.9").to_string(), "10.0.0.9");
        assert_eq!(Address::read(b"::ffff:10.0.0.9").to_string(), "10.0.0.9");
        assert_eq!(
            Address::read(b"fe80:0:0:0:1:2:3:4%eth0").to_string(),
            "fe80::1:2:3:4"
        );
        assert_eq!(Address::read(b"10.x.x.9"), Address::Name("10.x.x.9".into()));
        assert_eq!(
            Address::read(b"300.1.1.1"),
            Address::Name("300.1.1.1".into())
        );
    }

    #[test]
    fn times_are_printed_in_utc_with_the_offset_of_the_clock() {
        let t = WallTime::from_fields(2026, 11, 22, 23, 55, 36, 215).unwrap();
        assert_eq!(t.rfc3339(480), "2026-11-22T15:55:36.215Z");
        assert_eq!(t.local(), "2026-11-22 23:55:36");
    }
}
