//! Why a file was not read, and what was not understood in one: the layers that read files say it in English, and here the
//! sentence behind it is found, so that it can be shown in another language as every other one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

use super::{Text, en};

/// Ids of these sentences begin so.
const GROUP: &str = "reason.";
/// The sentence of what none of the others says: the text as it is.
const OTHER: &str = "reason.other";
/// Sentences in sentences: a reason in a reason, and what it speaks of.
const DEEP: usize = 3;

/// A template read backwards.
struct Pattern {
    id: &'static str,
    regex: Regex,
    fields: Vec<&'static str>,
}

/// Those that say most in words of their own first.
fn patterns() -> &'static [Pattern] {
    static ALL: OnceLock<Vec<Pattern>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<(usize, Pattern)> = en::TEMPLATES
            .iter()
            .filter(|(id, _)| id.starts_with(GROUP) && *id != OTHER)
            .filter_map(|(id, template)| Some((own_words(template), pattern(id, template)?)))
            .collect();
        all.sort_by_key(|(own, p)| (std::cmp::Reverse(*own), p.id));
        all.into_iter().map(|(_, p)| p).collect()
    })
}

fn own_words(template: &str) -> usize {
    let inside = |piece: &str| piece.find('}').map_or(piece.len(), |at| piece.len() - at);
    template.split('{').map(inside).sum()
}

fn pattern(id: &'static str, template: &'static str) -> Option<Pattern> {
    let mut regex = String::from("(?s)^");
    let mut fields = Vec::new();
    let mut pieces = template.split('{');
    regex.push_str(&regex::escape(pieces.next()?));
    for piece in pieces {
        let (field, rest) = piece.split_once('}')?;
        // Counts are digits, so that a sentence is not taken for another.
        let values = if field == "n" { r"(\d+)" } else { "(.+)" };
        regex.push_str(values);
        regex.push_str(&regex::escape(rest));
        fields.push(field);
    }
    regex.push('$');
    Some(Pattern {
        id,
        regex: Regex::new(&regex).ok()?,
        fields,
    })
}

fn found(english: &str, deep: usize) -> Option<Text> {
    let (p, values) = patterns()
        .iter()
        .find_map(|p| Some((p, p.regex.captures(english)?)))?;
    let value = |i: usize| {
        let text = values.get(i + 1).map_or("", |m| m.as_str());
        let inner = (deep > 0).then(|| found(text, deep - 1)).flatten();
        inner.map_or_else(|| Value::from(text), |t| t.nested())
    };
    let params: BTreeMap<String, Value> = p
        .fields
        .iter()
        .enumerate()
        .map(|(i, f)| ((*f).to_owned(), value(i)))
        .collect();
    Some(Text {
        id: p.id.to_owned(),
        params,
        text: english.to_owned(),
    })
}

impl Text {
    /// The sentence of a reason given in English; what is not known (a message of the operating system, a quote) stands in it
    /// as it is.
    #[must_use]
    pub fn of_reason(english: &str) -> Self {
        found(english, DEEP).unwrap_or_else(|| Self::new(OTHER, [("what", Value::from(english))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn a_reason_is_told_in_another_language_with_its_values() {
        for (english, chinese) in [
            (
                "cannot be read: Permission denied (os error 13)",
                "无法读取：没有权限（os error 13）",
            ),
            (
                "the packed stream breaks off after 5 bytes: corrupt deflate stream",
                "压缩流在 5 字节之后断开：corrupt deflate stream",
            ),
            (
                "the input ends inside a record: 9 bytes expected, 4 there (4 bytes lost)",
                "文件在一条记录中间结束：应有 9 字节，实有 4 字节（丢失 4 字节）",
            ),
            (
                "expected a category of an NMT report, found \"- x (\"",
                "应为 NMT 报告的一个分类，实为 \"- x (\"",
            ),
            ("what nobody foresaw", "what nobody foresaw"),
        ] {
            let t = Text::of_reason(english);
            assert_eq!(t.shown(Lang::En), english);
            assert_eq!(t.shown(Lang::Zh), chinese);
            // Values may be replaced by others.
            assert_eq!(t.with_params(&t.params).as_deref(), Some(english));
        }
    }

    #[test]
    fn every_pattern_is_one() {
        let templates = en::TEMPLATES.iter().filter(|t| t.0.starts_with(GROUP));
        assert_eq!(patterns().len() + 1, templates.count());
    }
}
