//! How values stand in sentences: sizes, durations, shares, counts, lists, and the blank between Chinese and Latin.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Lang, Text, word};
use crate::units::Bytes;

/// Fills a template: `{name}` as it is, `{name|bytes}`, `{name|dur}` (seconds), `{name|pct}` (a ratio), `{name|n}` (a
/// count), `{name|x}` (a ratio or rate with a decimal), `{name|rate}` (bytes an hour), `{name|list}` (several),
/// `{name|lower}` (a sentence inside another), `{name|upper}`; any other form is a group of words: `{name|family}` shows
/// `family.CODE`.
pub(super) fn render(lang: Lang, template: &str, params: &BTreeMap<String, Value>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    let mut one = false;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        join(lang, &mut out, &counted(one, &rest[..open]));
        let field = &rest[open + 1..open + close];
        let (name, form) = field.split_once('|').unwrap_or((field, ""));
        join(lang, &mut out, &shown(lang, params.get(name), form));
        let value = params.get(name).and_then(Value::as_f64);
        one = lang == Lang::En && matches!(form, "" | "n") && value == Some(1.0);
        rest = &rest[open + close + 1..];
    }
    join(lang, &mut out, &counted(one, rest));
    out
}

/// What English counts: as it stands behind a number, and behind one.
const COUNTED: &[(&str, &str)] = &[
    ("addresses", "address"),
    ("allocations", "allocation"),
    ("buffers", "buffer"),
    ("bytes", "byte"),
    ("changes", "change"),
    ("chunks", "chunk"),
    ("classes", "class"),
    ("clients", "client"),
    ("comparisons", "comparison"),
    ("connections", "connection"),
    ("deflaters", "deflater"),
    ("deliveries", "delivery"),
    ("files", "file"),
    ("inflaters", "inflater"),
    ("inputs", "input"),
    ("instances", "instance"),
    ("kinds", "kind"),
    ("links", "link"),
    ("listeners", "listener"),
    ("logins", "login"),
    ("messages", "message"),
    ("names", "name"),
    ("nodes", "node"),
    ("notifications", "notification"),
    ("objects", "object"),
    ("processes", "process"),
    ("pushes", "push"),
    ("readings", "reading"),
    ("records", "record"),
    ("registrations", "registration"),
    ("reports", "report"),
    ("requests", "request"),
    ("samples", "sample"),
    ("sends", "send"),
    ("spells", "spell"),
    ("subscribers", "subscriber"),
    ("tasks", "task"),
    ("threads", "thread"),
    ("times", "time"),
];

/// The words behind a number: ` pushes to it were acknowledged`, behind one ` push to it was acknowledged`.
fn counted(one: bool, words: &str) -> Cow<'_, str> {
    let all = words.strip_prefix(' ').filter(|_| one);
    let found = all.and_then(|all| {
        let end = all
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(all.len());
        let (noun, rest) = all.split_at(end);
        let (_, single) = COUNTED.iter().find(|(many, _)| *many == noun)?;
        Some((*single, rest))
    });
    let Some((single, rest)) = found else {
        return Cow::Borrowed(words);
    };
    let rest = rest
        .replacen(" were ", " was ", 1)
        .replacen(" are ", " is ", 1);
    Cow::Owned(format!(" {single}{rest}"))
}

/// Chinese and Latin stand apart by one blank. Set here because only here it is known on which side a value is which.
fn join(lang: Lang, out: &mut String, piece: &str) {
    if let (Lang::Zh, Some(a), Some(b)) = (lang, out.chars().next_back(), piece.chars().next())
        && (is_han(a) && b.is_ascii_graphic() || a.is_ascii_graphic() && is_han(b))
    {
        out.push(' ');
    }
    out.push_str(piece);
}

/// Whether a character is a Chinese one; full-width punctuation is not.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

fn shown(lang: Lang, value: Option<&Value>, form: &str) -> String {
    let Some(value) = value else {
        return "?".to_owned();
    };
    match (form, value.as_f64()) {
        ("bytes", Some(v)) if v >= 0.0 => Bytes(v as u64).to_string(),
        ("bytes", Some(v)) => format!("-{}", Bytes((-v) as u64)),
        ("rate", Some(v)) => lang.rate(v),
        ("dur", Some(v)) => lang.duration(v),
        ("pct", Some(v)) => lang.percent(v),
        ("n", Some(v)) => grouped(v.max(0.0) as u64),
        ("x", Some(v)) if v >= 10.0 => format!("{v:.0}"),
        ("x", Some(v)) => format!("{v:.1}"),
        ("lower", _) => lower(&plain(lang, value)),
        ("upper", _) => plain(lang, value).to_uppercase(),
        ("" | "list" | "bytes" | "rate" | "dur" | "pct" | "n" | "x", _) => plain(lang, value),
        (group, _) => match value.as_str() {
            Some(code) => word(lang, group, code).to_owned(),
            None => plain(lang, value),
        },
    }
}

fn plain(lang: Lang, value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(all) => {
            let all: Vec<_> = all.iter().map(|v| plain(lang, v)).collect();
            lang.list(&all)
        }
        Value::Null => "?".to_owned(),
        other => Text::of_value(other).map_or_else(|| other.to_string(), |t| t.shown(lang)),
    }
}

/// A sentence inside another does not begin with a capital, unless it begins with a name.
fn lower(s: &str) -> String {
    let mut c = s.chars();
    match c.next() {
        Some(first) if first.is_ascii_uppercase() => {
            first.to_ascii_lowercase().to_string() + c.as_str()
        }
        _ => s.to_owned(),
    }
}

impl Lang {
    /// A duration of so many seconds: `5 min`, `5 分钟`.
    #[must_use]
    pub fn duration(self, seconds: f64) -> String {
        let (number, unit) = rounded(seconds);
        let unit = match (self, unit) {
            (Self::En, Unit::Second) => "s",
            (Self::En, Unit::Minute) => "min",
            (Self::En, Unit::Hour) => "h",
            (Self::En, Unit::Day) => "days",
            (Self::Zh, Unit::Second) => "秒",
            (Self::Zh, Unit::Minute) => "分钟",
            (Self::Zh, Unit::Hour) => "小时",
            (Self::Zh, Unit::Day) => "天",
        };
        format!("{number} {unit}")
    }

    /// A ratio as people read it: `97 %`, `97%`; near the ends with a decimal, so that 99.6 % is not 100 %.
    #[must_use]
    pub fn percent(self, ratio: f64) -> String {
        let p = ratio * 100.0;
        let number = if p > 0.0 && p < 10.0 || p > 99.0 && p < 100.0 {
            format!("{p:.1}")
        } else {
            format!("{p:.0}")
        };
        match self {
            Self::En => format!("{number} %"),
            Self::Zh => format!("{number}%"),
        }
    }

    /// Bytes an hour: `12 MiB/h`, `12 MiB/小时`.
    #[must_use]
    pub fn rate(self, bytes_per_hour: f64) -> String {
        let bytes = Bytes(bytes_per_hour.max(0.0) as u64);
        match self {
            Self::En => format!("{bytes}/h"),
            Self::Zh => format!("{bytes}/小时"),
        }
    }

    /// Several things in a row: `a, b`, `a、b`.
    #[must_use]
    pub fn list<S: AsRef<str>>(self, all: &[S]) -> String {
        let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
        all.join(match self {
            Self::En => ", ",
            Self::Zh => "、",
        })
    }
}

enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

fn rounded(seconds: f64) -> (String, Unit) {
    let s = seconds.max(0.0);
    if s < 90.0 {
        (format!("{s:.0}"), Unit::Second)
    } else if s < 90.0 * 60.0 {
        (format!("{:.0}", s / 60.0), Unit::Minute)
    } else if s < 20.0 * 3600.0 {
        (format!("{:.1}", s / 3600.0), Unit::Hour)
    } else if s < 72.0 * 3600.0 {
        (format!("{:.0}", s / 3600.0), Unit::Hour)
    } else {
        (format!("{:.0}", s / 86_400.0), Unit::Day)
    }
}

/// [`Lang::duration`] in English: `12 s`, `5 min`, `3.4 h`, `12 days`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    Lang::En.duration(seconds)
}

/// [`Lang::percent`] in English: `97 %`.
#[must_use]
pub fn percent(ratio: f64) -> String {
    Lang::En.percent(ratio)
}

/// `3,493`
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> BTreeMap<String, Value> {
        [
            ("used", json!(501_219_607u64)),
            ("n", json!(3493)),
            ("share", json!(0.9958)),
            ("s", json!(312)),
            ("who", json!("10.0.0.9")),
            ("rate", json!(12_582_912)),
            ("nodes", json!(["node-1", "node-2"])),
            ("title", json!("It grows")),
            ("how", json!("high")),
            ("odd", json!("unheard-of")),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect()
    }

    #[test]
    fn values_are_shown_in_the_form_the_template_asks_for() {
        let shown = |t| render(Lang::En, t, &values());
        assert_eq!(
            shown("{who}: {n|n} of {used|bytes} = {share|pct} in {s|dur}, {missing}"),
            "10.0.0.9: 3,493 of 478 MiB = 99.6 % in 5 min, ?"
        );
        assert_eq!(
            shown("{rate|rate} on {nodes|list}: {title|lower}, {who|upper}"),
            "12 MiB/h on node-1, node-2: it grows, 10.0.0.9"
        );
        assert_eq!(shown("{how|severity} {odd|severity}"), "high unheard-of");
        assert_eq!(shown("an open {brace"), "an open {brace");
    }

    #[test]
    fn values_in_chinese_have_its_units_and_a_blank_only_beside_latin() {
        assert_eq!(
            render(
                Lang::Zh,
                "{who}在{s|dur}内失败{n|n}次，占{share|pct}，每小时{used|bytes}，即{rate|rate}（{nodes|list}）",
                &values()
            ),
            "10.0.0.9 在 5 分钟内失败 3,493 次，占 99.6%，每小时 478 MiB，即 12 MiB/小时（node-1、node-2）"
        );
    }

    #[test]
    fn durations_are_told_in_the_unit_that_reads_best() {
        for (s, en, zh) in [
            (-1.0, "0 s", "0 秒"),
            (12.0, "12 s", "12 秒"),
            (312.0, "5 min", "5 分钟"),
            (12_240.0, "3.4 h", "3.4 小时"),
            (86_400.0, "24 h", "24 小时"),
            (1_036_800.0, "12 days", "12 天"),
        ] {
            assert_eq!(duration(s), en);
            assert_eq!(Lang::Zh.duration(s), zh);
        }
    }

    #[test]
    fn one_of_a_thing_is_not_several() {
        let say = |n: u64| {
            let params = [("n".to_owned(), json!(n))].into();
            render(
                Lang::En,
                "{n|n} pushes to it were acknowledged, in {n} files",
                &params,
            )
        };
        assert_eq!(say(1), "1 push to it was acknowledged, in 1 file");
        assert_eq!(say(2), "2 pushes to it were acknowledged, in 2 files");
        let params = [("n".to_owned(), json!(1))].into();
        let zh = render(Lang::Zh, "分配失败{n|n}次", &params);
        assert_eq!(zh, "分配失败 1 次");
    }
}
