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

/// For Markdown, as text of a paragraph: nothing in it formats, links, mentions or ends the paragraph.
#[must_use]
pub fn markdown(text: &str) -> String {
    let text = terminal(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.trim_start().chars().peekable();
    // `- ` and `+ ` begin a list, `---` is a line, `===` makes a heading of what stands above.
    let mut begins = text.trim_start().chars();
    if let Some(first @ ('-' | '+' | '=')) = begins.next()
        && begins.next().is_none_or(|c| c == ' ' || c == first)
    {
        out.push('\\');
    }
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '&' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // Inside a word it formats nothing, and connection ids are full of them.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => out.push(c),
            '_' => out.push_str("\\_"),
            // Sites make links of what looks like an address: `https://`, `www.`; and people of `@name`.
            ':' if after == '/' => out.push_str("\\:"),
            '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("\\."),
            '@' if after.is_alphanumeric() => out.push_str("@<!-- -->"),
            // `1. ` at the beginning is a list.
            '.' | ')' if after == ' ' && out.chars().all(|d| d.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// For Markdown, as code: shown letter for letter, whatever backticks it holds. In a table a bar would end the cell.
#[must_use]
pub fn markdown_code(text: &str, in_table: bool) -> String {
    let mut text = terminal(text);
    if text.is_empty() {
        return text;
    }
    if in_table {
        text = text.replace('|', "\\|");
    }
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let edge = |c: Option<char>| matches!(c, Some('`' | ' '));
    let pad = if edge(text.chars().next()) || edge(text.chars().next_back()) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
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
    fn text_formats_nothing_in_markdown() {
        for (text, shown) in [
            ("a|b`c`", "a\\|b\\`c\\`"),
            ("<img onerror=x>", "\\<img onerror=x\\>"),
            ("*b* __i__ snake_case", "\\*b\\* \\_\\_i\\_\\_ snake_case"),
            (
                "see https://evil.example @team",
                "see https\\://evil.example @<!-- -->team",
            ),
            ("www.evil.example", "www\\.evil.example"),
            ("1. no list", "1\\. no list"),
            ("- no list", "\\- no list"),
            ("---", "\\---"),
            ("-XX:flag +08:00", "-XX:flag +08:00"),
            ("10.0.0.9 is no list", "10.0.0.9 is no list"),
            ("two\nlines", "two\\\\u{a}lines"),
            ("[x](y) ![z](w)", "\\[x\\](y) \\!\\[z\\](w)"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

    #[test]
    fn code_survives_backticks_and_bars() {
        assert_eq!(markdown_code("plain", true), "`plain`");
        assert_eq!(markdown_code("a`b``c", false), "```a`b``c```");
        assert_eq!(markdown_code("`x`", false), "`` `x` ``");
        assert_eq!(markdown_code("a|b", true), "`a\\|b`");
        assert_eq!(markdown_code("a|b", false), "`a|b`");
        assert_eq!(markdown_code("", true), "");
    }

    #[test]
    fn wide_characters_count_two_columns() {
        assert_eq!(cut("中文服务名称", 7), "中文服…");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plain text", 6), "plain…");
    }
}
