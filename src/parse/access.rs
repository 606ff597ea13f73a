//! Tomcat's access log as Nacos configures it.
//!
//! ```text
//! %h %l %u %t "%r" %s %b %D %{User-Agent}i %{Request-Source}i
//! 10.0.0.9 - - [01/May/2024:10:00:00 +0800] "POST /nacos/v1/auth/users/login?username=u HTTP/1.1" 200 162 95 Nacos-Java-Client:v2.1.0 Naming
//! ```
//!
//! The last two columns are missing in Docker images up to 2.1.0, and the user agent is unquoted and may hold blanks
//! (`conf/application.properties`, 1.4.0 to 3.0.3). `%h` is the TCP peer. A query string may carry a password or a token:
//! only the user name leaves this module.

use super::cut;
use crate::units::WallTime;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    /// The TCP peer.
    pub host: &'a [u8],
    /// When, as printed.
    pub time: WallTime,
    /// Minutes east of UTC, as printed.
    pub offset_minutes: i32,
    /// `GET`, `POST`…
    pub method: &'a [u8],
    /// Path without the query.
    pub path: &'a [u8],
    /// Query without its `?`; never shown.
    query: &'a [u8],
    /// HTTP status.
    pub status: u16,
}

impl<'a> Access<'a> {
    /// Whether this is a password login, in any of the paths a release or SDK uses.
    #[must_use]
    pub fn is_login(&self) -> bool {
        const PATHS: [&[u8]; 4] = [
            b"/v1/auth/users/login",
            b"/v1/auth/login",
            b"/v3/auth/user/login",
            b"/v3/auth/users/login",
        ];
        self.method == b"POST" && PATHS.iter().any(|p| self.path.ends_with(p))
    }

    /// The name given to a login.
    #[must_use]
    pub fn user(&self) -> Option<&'a [u8]> {
        self.query
            .split(|&b| b == b'&')
            .find_map(|pair| pair.strip_prefix(b"username="))
            .filter(|u| !u.is_empty())
    }
}

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Whether a line looks like one of an access log.
#[must_use]
pub fn looks_like_access(line: &[u8]) -> bool {
    read(line).is_some()
}

/// Reads one line, without its line end. `None` when it is not of this format.
#[must_use]
pub fn read(line: &[u8]) -> Option<Access<'_>> {
    let host = cut::word(line);
    let open = memchr::memchr(b'[', line)?;
    if host.is_empty() || open < host.len() {
        return None;
    }
    let (time, offset_minutes, rest) = read_time(&line[open + 1..])?;
    let request = rest.strip_prefix(b"] \"")?;
    // A hostile request line may hold quotes: the status follows the last `" ` that a number follows.
    let mut end = None;
    let mut from = 0;
    while let Some(i) = memchr::memmem::find(&request[from..], b"\" ") {
        if matches!(cut::number(&request[from + i + 2..]), Some((100..=999, _))) {
            end = Some(from + i);
            break;
        }
        from += i + 1;
    }
    let end = end?;
    let (status, _) = cut::number(&request[end + 2..])?;
    let request = &request[..end];
    let method = cut::word(request);
    let target = request[method.len()..].trim_ascii_start();
    let target = cut::word(target);
    let (path, query) = match memchr::memchr(b'?', target) {
        Some(i) => (&target[..i], &target[i + 1..]),
        None => (target, &[][..]),
    };
    Some(Access {
        host,
        time,
        offset_minutes,
        method,
        path,
        query,
        status: u16::try_from(status).ok()?,
    })
}

/// `01/May/2024:10:00:00 +0800`
fn read_time(text: &[u8]) -> Option<(WallTime, i32, &[u8])> {
    let (day, rest) = cut::number(text)?;
    let rest = rest.strip_prefix(b"/")?;
    let name = rest.get(..3)?;
    let month = MONTHS.chunks(3).position(|m| m == name)? as u32 + 1;
    let (year, rest) = cut::number(rest[3..].strip_prefix(b"/")?)?;
    let (h, rest) = cut::number(rest.strip_prefix(b":")?)?;
    let (m, rest) = cut::number(rest.strip_prefix(b":")?)?;
    let (s, rest) = cut::number(rest.strip_prefix(b":")?)?;
    let rest = rest.strip_prefix(b" ")?;
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (zone, rest) = cut::number(&rest[1..])?;
    let zone = i32::try_from(zone).ok().filter(|z| *z <= 1800)?;
    let small = |n: u64| u32::try_from(n).ok();
    let time = WallTime::from_fields(
        i32::try_from(year).ok()?,
        month,
        small(day)?,
        small(h)?,
        small(m)?,
        small(s)?,
        0,
    )?;
    Some((time, sign * (zone / 100 * 60 + zone % 100), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_known_by_its_path_and_the_user_by_the_query() {
        let a = read(b"10.61.9.200 - - [23/Nov/2026:00:06:03 +0800] \"POST /nacos/v1/auth/users/login?username=nacos&password=geheim HTTP/1.1\" 403 13 317 Java/17.0.15 -").unwrap();
        assert!(a.is_login());
        assert_eq!(a.user(), Some(&b"nacos"[..]));
        assert_eq!(
            (a.host, a.status, a.offset_minutes),
            (&b"10.61.9.200"[..], 403, 480)
        );
        assert_eq!(a.time.local(), "2026-11-23 00:06:03");
    }

    #[test]
    fn the_short_pattern_and_a_quote_in_the_request_are_read() {
        let a = read(b"::1 - bob [01/May/2024:10:00:00 -0330] \"GET /x\" y HTTP/1.1\" 200 - 3")
            .unwrap();
        assert_eq!((a.status, a.offset_minutes), (200, -210));
        assert!(!a.is_login());
    }

    #[test]
    fn other_lines_are_not_taken() {
        for line in [
            "2024-05-01 10:00:00,000 INFO x [a] \"b\" 200",
            "",
            "10.0.0.1 - - [99/May/2024:10:00:00 +0800] \"GET / HTTP/1.1\" 200 1",
            "10.0.0.1 - - [01/May/2024:10:00:00 +0800] \"GET / HTTP/1.1\"",
        ] {
            assert!(read(line.as_bytes()).is_none(), "{line}");
        }
    }
}
