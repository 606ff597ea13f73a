//! Breaks paragraphs into lines of a terminal.

use textwrap::core::Word;
use unicode_width::UnicodeWidthChar;

use crate::text::Lang;

/// The lines of a paragraph: `lead` before the first, blanks before the others; none wider than `width` columns, but at
/// least 20.
pub(super) fn lines(lead: &str, text: &str, width: usize, lang: Lang) -> Vec<String> {
    let indent = " ".repeat(textwrap::core::display_width(lead));
    let separator = match lang {
        Lang::En => textwrap::WordSeparator::AsciiSpace,
        Lang::Zh => textwrap::WordSeparator::Custom(words),
    };
    let options = textwrap::Options::new(width.max(20))
        .initial_indent(lead)
        .subsequent_indent(&indent)
        .word_separator(separator)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// What never begins a line.
const CLOSING: &str = "，。；：！？）】》」』、…—%％”’,.;:!?)]}";
/// What never ends one.
const OPENING: &str = "（【《「『“‘([{";

/// Chinese may break between any two characters, but punctuation stays with what it belongs to; Latin words, addresses and
/// commands break at blanks alone.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut start = 0;
    let mut rest = line.char_indices().peekable();
    Box::new(std::iter::from_fn(move || {
        while let Some((at, c)) = rest.next() {
            let end = at + c.len_utf8();
            let next = rest.peek().map(|(_, n)| *n);
            if next.is_none_or(|n| may_break(c, n)) {
                let word = Word::from(&line[start..end]);
                start = end;
                return Some(word);
            }
        }
        None
    }))
}

fn may_break(before: char, after: char) -> bool {
    if after == ' ' {
        return false;
    }
    if before == ' ' {
        return true;
    }
    let wide = |c: char| c.width() == Some(2);
    (wide(before) || wide(after)) && !CLOSING.contains(after) && !OPENING.contains(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use textwrap::core::display_width;

    const TEXT: &str = "客户端 10.140.5.77 停止读取：自 2026-11-23 00:49:48 起，向它推送失败 3,493 次（共 12 个连接），占全部失败的 97%。\
                        处理：执行 jcmd 4711 GC.heap_dump -all /tmp/nacos.hprof，再重启「该客户端」；服务端最后重启！";

    #[test]
    fn chinese_fills_the_lines_and_none_is_too_wide() {
        for width in 20..=120 {
            let all = lines("  结论 ", TEXT, width, Lang::Zh);
            for l in &all {
                assert!(display_width(l) <= width, "{width}: {l}");
            }
            for l in &all[..all.len() - 1] {
                // What could not break is at most as long as the longest word with its punctuation.
                assert!(display_width(l) + 26 >= width, "{width}: {l:?} ends early");
            }
        }
    }

    #[test]
    fn no_line_begins_with_what_closes_or_ends_with_what_opens() {
        for width in 30..=120 {
            for l in lines("", TEXT, width, Lang::Zh) {
                let l = l.trim();
                assert!(!l.starts_with(|c| CLOSING.contains(c)), "{width}: {l}");
                assert!(!l.ends_with(|c| OPENING.contains(c)), "{width}: {l}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_and_words_stay_whole() {
        let got: String = words(TEXT)
            .map(|w| format!("{}{}", w.word, w.whitespace))
            .collect();
        assert_eq!(got, TEXT);
        let all: Vec<&str> = words(TEXT).map(|w| w.word).collect();
        for whole in ["10.140.5.77", "/tmp/nacos.hprof，", "-all", "97%。", "「该"] {
            assert!(all.contains(&whole), "{whole}: {all:?}");
        }
    }
}
