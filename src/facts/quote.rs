//! A line of an input, kept to be shown: where it stands, when it was written, and its text without secrets.

use std::sync::OnceLock;

use regex::bytes::Regex;

use crate::span::Place;
use crate::units::WallTime;

/// Longest text kept of a line.
pub const QUOTE_BYTES: usize = 400;

/// A quoted line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// When the event happened.
    pub time: Option<WallTime>,
    /// Where the line stands.
    pub place: Place,
    /// The line, cut to [`QUOTE_BYTES`], secrets masked; empty when only the place is kept.
    pub text: Box<[u8]>,
}

impl Quote {
    /// What quotes are ordered by: timed before untimed, then time, then place.
    #[must_use]
    pub fn key(&self) -> (bool, Option<WallTime>, Place) {
        (self.time.is_none(), self.time, self.place)
    }

    /// The text as UTF-8, what is not replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// A line in hand that may be kept.
#[derive(Clone, Copy, Debug)]
pub struct QuoteText<'a> {
    /// Where it stands.
    pub place: Place,
    /// The line.
    pub line: &'a [u8],
}

impl QuoteText<'_> {
    /// Whether this line, dated `time`, comes before `q`.
    #[must_use]
    pub fn before(&self, time: Option<WallTime>, q: &Quote) -> bool {
        (time.is_none(), time, self.place) < q.key()
    }

    /// The quote to keep.
    #[must_use]
    pub fn keep(&self, time: Option<WallTime>, with_text: bool) -> Quote {
        Quote {
            time,
            place: self.place,
            text: if with_text {
                clean(self.line)
            } else {
                Box::default()
            },
        }
    }

    /// Puts this line in the place of `q`.
    pub fn replace(&self, time: Option<WallTime>, with_text: bool, q: &mut Quote) {
        q.time = time;
        q.place = self.place;
        if with_text {
            q.text = clean(self.line);
        }
    }
}

/// Cuts a line to [`QUOTE_BYTES`] and masks what looks like a credential.
#[must_use]
pub fn clean(line: &[u8]) -> Box<[u8]> {
    let cut = &line[..line.len().min(QUOTE_BYTES)];
    if !may_hold_secret(cut) {
        return cut.into();
    }
    mask_secrets(cut)
}

/// The cheap test before [`mask_secrets`]: most lines hold none of these.
fn may_hold_secret(line: &[u8]) -> bool {
    static LITERALS: OnceLock<aho_corasick::AhoCorasick> = OnceLock::new();
    LITERALS
        .get_or_init(|| {
            aho_corasick::AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build([
                    "token",
                    "passw",
                    "secret",
                    "eyJ",
                    "authorization",
                    "identity",
                    "credential",
                    "access-key",
                    "access_key",
                    "accesskey",
                    "passphrase",
                    "pwd",
                    "signature",
                    "cookie",
                    "jdbc:",
                    "://",
                    "ak=",
                    "sk=",
                    "akid",
                ])
                .unwrap_or_else(|_| unreachable!("short literals"))
        })
        .is_match(line)
}

/// Masks values of credential keys, JSON web tokens and passwords in URLs, in whatever notation they stand. Rather too much of a
/// line than too little: an unquoted value ends at a blank, a quote or the next part of a query.
#[must_use]
pub fn mask_secrets(text: &[u8]) -> Box<[u8]> {
    static VALUE: OnceLock<Regex> = OnceLock::new();
    static JWT: OnceLock<Regex> = OnceLock::new();
    static URL: OnceLock<Regex> = OnceLock::new();
    fn regex(cell: &'static OnceLock<Regex>, pattern: &str) -> &'static Regex {
        cell.get_or_init(|| Regex::new(pattern).unwrap_or_else(|e| unreachable!("{e}")))
    }
    let value = regex(
        &VALUE,
        r#"(?ix)
        (
            (?: [\w.-]* (?: token|passw|passphrase|pwd|secret|credential|access[-_]?key|identity\.(?:key|value)
                       |server[-_]?identity|authorization|signature|cookie|akid ) [\w.\[\]-]*
              | \b(?:ak|sk) )
            (?: \\?["']? \s* (?: [=:] | %3D ) \s* | > )
            (?: (?:bearer|basic|digest) \s+ )?
        )
        (?: \\?" [^"]* "? | \\?' [^']* '? | [^\s&"'<]+ )"#,
    );
    let jwt = regex(&JWT, r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}");
    let url = regex(&URL, r"(://[^\s/@:]*:)[^\s@/]+@");
    let masked = value.replace_all(text, &b"${1}***"[..]);
    let masked = jwt.replace_all(&masked, &b"***"[..]);
    url.replace_all(&masked, &b"${1}***@"[..])
        .into_owned()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_stay_in_a_quote() {
        for line in [
            "GET /x?accessToken=sup3rs3cret&y=1",
            "POST /login?username=u&password=sup3rs3cret HTTP/1.1",
            "NacosUser{token='sup3rs3cret', globalAdmin=false}",
            "Authorization: Bearer sup3rs3cret",
            "nacos.core.auth.plugin.nacos.token.secret.key=sup3rs3cret",
            "-Dnacos.core.auth.server.identity.value=sup3rs3cret -Dx",
            r#"{"accessToken": "sup3rs3cret"}"#,
            "-Ddb.password.0=sup3rs3cret",
            "Authorization: Basic sup3rs3cret=",
            "jdbc:mysql://10.0.0.1:3306/nacos?user=u&password=sup3rs3cret&useSSL=false",
            "mysql://nacos:sup3rs3cret@10.0.0.1:3306/nacos",
            r#"{"password": "a b, sup3rs3cret"}"#,
            r#"{\"accessToken\":\"sup3rs3cret\"}"#,
            "User{username='u', password='x,y sup3rs3cret'}",
            "db.password[0]=ab,cd;sup3rs3cret",
            "Spas-SecurityToken: sup3rs3cret",
            "spas-signature=sup3rs3cret",
            "accessKey=sup3rs3cret, secretKey=sup3rs3cret",
            "connect ak=sup3rs3cret sk=sup3rs3cret",
            "x=1&password%3Dsup3rs3cret",
            "<password>sup3rs3cret</password>",
            "Set-Cookie: SESSION=sup3rs3cret",
            "PGPASSWORD=sup3rs3cret",
        ] {
            let kept = String::from_utf8(clean(line.as_bytes()).into_vec()).unwrap();
            assert!(!kept.contains("sup3rs3cret"), "{line} -> {kept}");
        }
        let kept = clean(b"x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuYWNvcyJ9.abc-DEF y");
        assert_eq!(&*kept, b"x *** y");
    }

    #[test]
    fn an_ordinary_line_stays_as_it_is() {
        let line = b"[PUSH-FAIL] 5000ms, reason=Timeout After 5000 milliseconds, target=10.0.0.9";
        assert_eq!(&*clean(line), &line[..]);
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(clean(&[b'a'; 5000]).len(), QUOTE_BYTES);
    }
}
