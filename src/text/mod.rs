//! Sentences for people: an id, the values in it, and the English text. The id and the values are what another language
//! is rendered from; a value may be a sentence itself.

mod en;
mod form;
mod reason;
mod rules_zh;
mod zh;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use form::{duration, grouped, percent};
pub use rules_zh::RuleText;

use crate::units::WallTime;

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
    /// The language of a locale such as `zh_CN.UTF-8`, as `LC_ALL`, `LC_MESSAGES` or `LANG` name it. Output is UTF-8, so a
    /// locale of another charset keeps to English, which is ASCII but for its drawings.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let (name, charset) = locale.split_once('.').unwrap_or((locale, "UTF-8"));
        let charset = charset.split('@').next().unwrap_or_default();
        let utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
        let language = name.split(['_', '-', '@']).next().unwrap_or_default();
        if utf8 && language.eq_ignore_ascii_case("zh") {
            Self::Zh
        } else {
            Self::En
        }
    }

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

/// A sentence of the reports' frame with its values, which needs no place in the JSON.
#[must_use]
pub fn phrase<const N: usize>(lang: Lang, id: &str, params: [(&str, Value); N]) -> String {
    Text::new(id, params).shown(lang)
}

/// The English sentences, for those who want to know which words are this program's.
pub fn english() -> impl Iterator<Item = &'static str> {
    en::TEMPLATES.iter().map(|(_, text)| *text)
}

/// The word for a code of the JSON (`severity`, `high`), or the code where there is none.
#[must_use]
pub fn word<'c>(lang: Lang, group: &str, code: &'c str) -> &'c str {
    lang.template(&format!("{group}.{code}")).unwrap_or(code)
}

/// The rules that [`rule_text`] knows in a language.
pub fn explained_rules(lang: Lang) -> impl Iterator<Item = &'static str> {
    let known: &'static [(&str, RuleText)] = match lang {
        Lang::En => &[],
        Lang::Zh => rules_zh::RULES,
    };
    known.iter().map(|(id, _)| *id)
}

/// What a rule is about, in another language than the English of the rule itself.
#[must_use]
pub fn rule_text(lang: Lang, rule: &str) -> Option<&'static RuleText> {
    match lang {
        Lang::En => None,
        Lang::Zh => rules_zh::RULES
            .iter()
            .find(|(id, _)| *id == rule)
            .map(|(_, t)| t),
    }
}

/// A sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// Which sentence.
    pub id: String,
    /// The values in it, in base units; a list of several, or a sentence in this sentence, which is such an object itself.
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
        let text = form::render(Lang::En, Lang::En.template(id).unwrap_or(id), &params);
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
            (_, Some(template)) => form::render(lang, template, &self.params)
                .trim_end()
                .to_owned(),
        }
    }

    /// As a value in another sentence, which shows it in its own language.
    #[must_use]
    pub fn nested(&self) -> Value {
        serde_json::json!(self)
    }

    /// The sentence that stands in another as a value.
    fn of_value(value: &Value) -> Option<Self> {
        let o = value.as_object()?;
        let params = o.get("params").and_then(Value::as_object);
        Some(Self {
            id: o.get("id")?.as_str()?.to_owned(),
            params: params.map_or_else(BTreeMap::new, |p| {
                p.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
            }),
            text: o.get("text")?.as_str()?.to_owned(),
        })
    }

    /// The English text with other values; `None` where this text is not what its template gives (a report of another release).
    #[must_use]
    pub fn with_params(&self, params: &BTreeMap<String, Value>) -> Option<String> {
        let template = Lang::En.template(&self.id)?;
        let render = |params| form::render(Lang::En, template, params);
        let (old, new) = (render(&self.params), render(params));
        if old == self.text {
            Some(new)
        } else {
            (old.trim_end() == self.text).then(|| new.trim_end().to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sentence_in_another_is_shown_in_the_language_of_the_whole() {
        let state = Text::new(
            "outcome.near",
            [("used", json!(480 << 20)), ("limit", json!(500 << 20))],
        );
        let whole = Text::new("outcome.undecided", [("state", state.nested())]);
        assert_eq!(
            whole.text,
            "Memory is in trouble, and the evidence does not tell why. Direct memory reached 480 MiB of 500 MiB."
        );
        let zh = whole.shown(Lang::Zh);
        assert!(zh.is_ascii() || zh.contains(&state.shown(Lang::Zh)), "{zh}");
        // Also when it was read back from a file.
        let back: Text = serde_json::from_str(&serde_json::to_string(&whole).unwrap()).unwrap();
        assert_eq!(back.shown(Lang::Zh), zh);
        assert_eq!(back.shown(Lang::En), whole.text);
    }

    #[test]
    fn a_locale_names_its_language() {
        for (locale, lang) in [
            ("zh_CN.UTF-8", Lang::Zh),
            ("zh_CN.utf8", Lang::Zh),
            ("zh_TW", Lang::Zh),
            ("zh-Hans", Lang::Zh),
            ("zh_CN.UTF-8@pinyin", Lang::Zh),
            ("zh", Lang::Zh),
            ("zh_CN.GB18030", Lang::En),
            ("zha_CN", Lang::En),
            ("C.UTF-8", Lang::En),
            ("POSIX", Lang::En),
            ("en_US.UTF-8", Lang::En),
            ("", Lang::En),
            (".", Lang::En),
        ] {
            assert_eq!(Lang::of_locale(locale), lang, "{locale}");
        }
    }

    /// The fields of a template, without how they are shown, sorted.
    fn fields(template: &str) -> Vec<&str> {
        let mut all: Vec<_> = template
            .split('{')
            .skip(1)
            .filter_map(|r| r.split('}').next()?.split('|').next())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn every_sentence_is_there_in_chinese_with_the_same_values() {
        let missing: Vec<_> = en::TEMPLATES
            .iter()
            .map(|t| t.0)
            .filter(|id| find(zh::TEMPLATES, id).is_none())
            .collect();
        let left_over: Vec<_> = zh::TEMPLATES
            .iter()
            .map(|t| t.0)
            .filter(|id| find(en::TEMPLATES, id).is_none())
            .collect();
        let other_values: Vec<_> = en::TEMPLATES
            .iter()
            .filter_map(|(id, e)| find(zh::TEMPLATES, id).map(|z| (id, fields(e), fields(z))))
            .filter(|(_, e, z)| e != z)
            .collect();
        assert!(
            missing.is_empty() && left_over.is_empty() && other_values.is_empty(),
            "zh.rs lacks {missing:#?}\nen.rs lacks {left_over:#?}\nnot the same values: {other_values:#?}"
        );
    }

    /// Chinese and Latin stand apart by one blank, and punctuation next to Chinese is full-width.
    #[test]
    fn chinese_is_set_in_one_style() {
        let rules = rules_zh::RULES.iter().flat_map(|(id, t)| {
            [
                t.title,
                t.what,
                t.speaks_for,
                t.speaks_against,
                t.remedy,
                t.sources,
            ]
            .map(|s| (*id, s))
        });
        let mut wrong = Vec::new();
        for (id, text) in zh::TEMPLATES.iter().copied().chain(rules) {
            let chars: Vec<char> = text.chars().collect();
            for w in chars.windows(2) {
                let (a, b) = (w[0], w[1]);
                let (han, other) = (form::is_han(a), form::is_han(b));
                let latin = |c: char| c.is_ascii_alphanumeric();
                // The blank beside a value is set when it is known whether the value is Chinese.
                if han && latin(b) || latin(a) && other {
                    wrong.push(format!("{id}: no blank between {a} and {b}"));
                }
                if han && ",;:!?".contains(b) || ",;:!?(".contains(a) && other {
                    wrong.push(format!("{id}: half-width punctuation between {a} and {b}"));
                }
                if "，。；：！？（）、「」".contains(a) && b == ' '
                    || a == ' ' && "，。；：！？（）、「」".contains(b)
                {
                    wrong.push(format!("{id}: a blank beside {a}{b}"));
                }
            }
            for (a, b) in text.split("{").zip(text.split("{").skip(1)) {
                let before = a.trim_end().chars().next_back();
                if a.ends_with(' ') && before.is_some_and(form::is_han) {
                    wrong.push(format!("{id}: a blank by hand before {{{b}"));
                }
            }
            for a in text.split("}").skip(1) {
                if a.starts_with(' ') && a.trim_start().chars().next().is_some_and(form::is_han) {
                    wrong.push(format!("{id}: a blank by hand after }}{a}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
