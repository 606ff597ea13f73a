//! Text of inputs is hostile: every renderer escapes it in its own way, here.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// For a terminal: control characters, escapes and direction overrides are shown, not obeyed.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if c.is_control() || is_format(c) => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out
}

/// For XML 1.0, before the markup itself is escaped: characters that it forbids are shown as on a terminal.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        match u32::from(c) {
            n @ 0xfffe..=0xffff => out.push_str(&format!("\\u{{{n:x}}}")),
            _ => out.push(c),
        }
    }
    out
}

/// For a message of SARIF, where brackets begin a link (SARIF 2.1.0, 3.11.6).
#[must_use]
pub fn sarif(text: &str) -> String {
    terminal(text)
        .replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

/// Characters without a glyph that change how their neighbours are shown.
fn is_format(c: char) -> bool {
    matches!(u32::from(c),
        0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
        | 0xe0000..=0xe007f)
}

/// Cuts to `width` columns, with `…` where something is missing. Wide characters count two.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_reach_no_terminal() {
        let shown = terminal("a\x1b[31mred\x07\r\n\u{202e}evil\tb");
        assert_eq!(shown, "a\\u{1b}[31mred\\u{7}\\u{d}\\u{a}\\u{202e}evil b");
        assert!(!shown.chars().any(char::is_control));
    }

    #[test]
    fn what_xml_forbids_and_what_sarif_reads_as_a_link_are_shown() {
        assert_eq!(xml("a\u{0}b\u{ffff}c\u{b}"), "a\\u{0}b\\u{ffff}c\\u{b}");
        assert_eq!(sarif("[PUSH-FAIL](http://x)"), "\\[PUSH-FAIL\\](http://x)");
    }

    #[test]
    fn wide_characters_count_two_columns() {
        assert_eq!(cut("中文服务名称", 7), "中文服…");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plain text", 6), "plain…");
    }
}
