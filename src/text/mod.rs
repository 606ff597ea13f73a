//! Sentences for people: an id, the values in it, and the English text. The id and the values are what another language
//! is rendered from.

mod en;
mod zh;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::units::{Bytes, WallTime};

/// A language of what people read. Ids, keys of the JSON and quotes are the same in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// The template `id`: of this language, else the English one.
    fn template(self, id: &str) -> Option<&'static str> {
        match self {
            Self::En => None,
            Self::Zh => find(zh::TEMPLATES, id),
        }
        .or_else(|| find(en::TEMPLATES, id))
    }
}

fn find(templates: &'static [(&str, &str)], id: &str) -> Option<&'static str> {
    templates
        .binary_search_by(|(k, _)| (*k).cmp(id))
        .ok()
        .map(|i| templates[i].1)
}

/// A word or heading of the reports' frame, by id (`ui.verdict`).
#[must_use]
pub fn label(lang: Lang, id: &str) -> &'static str {
    debug_assert!(find(en::TEMPLATES, id).is_some(), "no text {id}");
    lang.template(id).unwrap_or("?")
}

/// A sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Which sentence.
    pub id: String,
    /// The values in it, in base units.
    pub params: BTreeMap<String, Value>,
    /// The sentence in English.
    pub text: String,
}

impl Text {
    /// The sentence `id` with its values.
    #[must_use]
    pub fn new<const N: usize>(id: &str, params: [(&str, Value); N]) -> Self {
        let params: BTreeMap<String, Value> =
            params.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        debug_assert!(find(en::TEMPLATES, id).is_some(), "no text {id}");
        let text = render(Lang::En.template(id).unwrap_or(id), &params);
        Self {
            id: id.to_owned(),
            params,
            text,
        }
    }
}

impl Text {
    /// The sentence in a language: rendered again from its id and values, or the English text as it stands.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> String {
        match (lang, lang.template(&self.id)) {
            (Lang::En, _) | (_, None) => self.text.clone(),
            (_, Some(template)) => render(template, &self.params).trim_end().to_owned(),
        }
    }

    /// Without blanks that an empty value left at the end.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.text.truncate(self.text.trim_end().len());
        self
    }
}

/// A time as people compare it with their logs.
#[must_use]
pub fn local(t: WallTime) -> Value {
    Value::String(t.local())
}

/// Fills a template: `{name}` as it is, `{name|bytes}`, `{name|dur}` (seconds), `{name|pct}` (a ratio), `{name|n}` (a
/// count), `{name|rate}` (bytes an hour).
#[must_use]
pub fn render(template: &str, params: &BTreeMap<String, Value>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        let field = &rest[open + 1..open + close];
        let (name, form) = field.split_once('|').unwrap_or((field, ""));
        out.push_str(&shown(params.get(name), form));
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

fn shown(value: Option<&Value>, form: &str) -> String {
    let Some(value) = value else {
        return "?".to_owned();
    };
    let number = value.as_f64();
    match (form, number) {
        ("bytes", Some(v)) if v >= 0.0 => Bytes(v as u64).to_string(),
        ("bytes", Some(v)) => format!("-{}", Bytes((-v) as u64)),
        ("rate", Some(v)) => format!("{}/h", Bytes(v.max(0.0) as u64)),
        ("dur", Some(v)) => duration(v),
        ("pct", Some(v)) => percent(v),
        ("n", Some(v)) => grouped(v.max(0.0) as u64),
        ("x", Some(v)) if v >= 10.0 => format!("{v:.0}"),
        ("x", Some(v)) => format!("{v:.1}"),
        _ => match value {
            Value::String(s) => s.clone(),
            other => other.to_string(),
        },
    }
}

/// `12 s`, `5 min`, `3.4 h`, `12 days`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0);
    if s < 90.0 {
        format!("{s:.0} s")
    } else if s < 90.0 * 60.0 {
        format!("{:.0} min", s / 60.0)
    } else if s < 20.0 * 3600.0 {
        format!("{:.1} h", s / 3600.0)
    } else if s < 72.0 * 3600.0 {
        format!("{:.0} h", s / 3600.0)
    } else {
        format!("{:.0} days", s / 86_400.0)
    }
}

/// `97 %`; near the ends with a decimal, so that 99.6 % is not 100 %.
#[must_use]
pub fn percent(ratio: f64) -> String {
    let p = ratio * 100.0;
    if p > 0.0 && p < 10.0 || p > 99.0 && p < 100.0 {
        format!("{p:.1} %")
    } else {
        format!("{p:.0} %")
    }
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

    #[test]
    fn values_are_shown_in_the_form_the_template_asks_for() {
        let params: BTreeMap<String, Value> = [
            ("used", json!(501_219_607u64)),
            ("n", json!(3493)),
            ("share", json!(0.9958)),
            ("s", json!(312)),
            ("who", json!("10.0.0.9")),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect();
        assert_eq!(
            render(
                "{who}: {n|n} of {used|bytes} = {share|pct} in {s|dur}, {missing}",
                &params
            ),
            "10.0.0.9: 3,493 of 478 MiB = 99.6 % in 5 min, ?"
        );
    }

    #[test]
    fn every_template_closes_its_braces() {
        for (id, t) in en::TEMPLATES.iter().chain(zh::TEMPLATES) {
            assert_eq!(t.matches('{').count(), t.matches('}').count(), "{id}");
        }
    }

    #[test]
    fn template_ids_are_sorted_and_unique() {
        assert!(en::TEMPLATES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(zh::TEMPLATES.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
