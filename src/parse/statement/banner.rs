//! What Nacos prints on the console when it starts, beside its picture: release, mode, port, process id, address.
//!
//! ```text
//!    ,--,:  : |                                           Nacos 2.2.3
//! ,`--.'`|  ' :                       ,---.               Running in stand alone mode, All function modules
//! |   :  :  | |                      '   ,'\   .--.--.    Port: 8848
//! :   |   \ | :  ,--.--.     ,---.  /   /   | /  /    '   Pid: 13488
//! |   : '  '; | /       \   /     \.   ; ,. :|  :  /`./   Console: http://10.140.0.1:8848/nacos/index.html
//! ```
//!
//! Releases up to 2.5 print one picture; 3.x up to four, of `Nacos Server 3.0.3`, `Nacos Server API 3.0.3`, `Nacos Console
//! 3.0.3` and `Nacos Mcp Registry 3.0.3` (`nacos-banner.txt` and its kin, printed by Spring Boot's `ResourceBanner`).

use memchr::memmem;

/// First line of the picture.
pub const FIRST_LINE: &[u8] = b"         ,--.";

/// What one line of a banner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BannerField {
    /// `2.2.3`
    Version,
    /// `stand alone mode`, `cluster mode`
    Mode,
    /// `8848`
    Port,
    /// Process id.
    Pid,
    /// Address of the console, the node's own address in it.
    Console,
}

/// Reads one line of a banner: the field and its value.
#[must_use]
pub fn read_line(line: &[u8]) -> Option<(BannerField, &[u8])> {
    const KEYS: [(&[u8], BannerField); 5] = [
        (b"Running in ", BannerField::Mode),
        (b"Port: ", BannerField::Port),
        (b"Pid: ", BannerField::Pid),
        (b"Console: ", BannerField::Console),
        (b"Nacos ", BannerField::Version),
    ];
    // The words stand behind a column of the picture.
    let (field, value) = KEYS.iter().find_map(|&(key, field)| {
        let at = memmem::find(line, key)?;
        (at >= 3 && line[at - 1] == b' ').then(|| (field, line[at + key.len()..].trim_ascii()))
    })?;
    match field {
        BannerField::Mode => {
            let end = memchr::memchr(b',', value).unwrap_or(value.len());
            Some((field, &value[..end]))
        }
        BannerField::Port | BannerField::Pid => value
            .iter()
            .all(u8::is_ascii_digit)
            .then_some((field, value))
            .filter(|(_, v)| !v.is_empty()),
        BannerField::Console => value.starts_with(b"http").then_some((field, value)),
        BannerField::Version => {
            let version = value.rsplit(|&b| b == b' ').next()?;
            let product = value[..value.len() - version.len()].trim_ascii();
            let known: [&[u8]; 5] = [b"", b"Server", b"Server API", b"Console", b"Mcp Registry"];
            (known.contains(&product)
                && version.first().is_some_and(u8::is_ascii_digit)
                && version.contains(&b'.'))
            .then_some((field, version))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_column_of_a_banner_is_read_and_the_picture_is_not() {
        for (line, read) in [
            (
                "   ,--,:  : |                                           Nacos 2.2.3",
                Some((BannerField::Version, "2.2.3")),
            ),
            (
                ",`--.'`|  ' :                       ,---.               Running in stand alone mode, All function modules",
                Some((BannerField::Mode, "stand alone mode")),
            ),
            (
                "|   :  :  | |                      '   ,'\\   .--.--.    Port: 8848",
                Some((BannerField::Port, "8848")),
            ),
            (
                ":   |   \\ | :  ,--.--.     ,---.  /   /   | /  /    '   Pid: 13488",
                Some((BannerField::Pid, "13488")),
            ),
            (
                "|   : '  '; | /       \\   /     \\.   ; ,. :|  :  /`./   Console: http://10.140.0.1:8848/nacos/index.html",
                Some((
                    BannerField::Console,
                    "http://10.140.0.1:8848/nacos/index.html",
                )),
            ),
            (
                "   ,--,:  : |             Nacos Server API 3.0.3",
                Some((BannerField::Version, "3.0.3")),
            ),
            ("'   ' ;.    ;.--.  .-. | /    / ''   | |: :|  :  ;_", None),
            ("    `.      https://nacos.io", None),
            ("Nacos is starting...", None),
        ] {
            let got = read_line(line.as_bytes());
            assert_eq!(got, read.map(|(f, v)| (f, v.as_bytes())), "{line}");
        }
    }
}
