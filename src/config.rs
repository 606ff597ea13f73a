//! The configuration file (TOML): any option of the commands under its long name, and suppressions. An option counts from the
//! command line, else from the environment (`NACOS_OFFHEAP_` and its name), else from the file, else its default.
//!
//! There is one way into the program: what the environment and the file say is put behind the command's name as if it had been
//! typed, for options that were not. So each value passes the same checks wherever it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};
use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::acceptance::Suppression;
use crate::cli::Cli;
use crate::units::nearest;

/// Begins the names of environment variables.
pub const ENVIRONMENT: &str = "NACOS_OFFHEAP_";

/// What an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Switch,
    /// A text.
    Text,
    /// A count.
    Number,
    /// One of these.
    OneOf(Vec<String>),
    /// Texts, the option once for each.
    Texts,
}

/// An option that can be set in the file and the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its long name.
    pub name: String,
    /// Its help.
    pub help: String,
    /// What it takes.
    pub takes: Takes,
    /// The commands that have it.
    pub commands: Vec<String>,
}

impl Key {
    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!(
            "{ENVIRONMENT}{}",
            self.name.replace('-', "_").to_uppercase()
        )
    }
}

/// Options that cannot stand in the file.
const NOT_IN_FILE: [&str; 1] = ["config"];

/// Options of all commands, by name.
#[must_use]
pub fn keys() -> Vec<Key> {
    let mut all: BTreeMap<String, Key> = BTreeMap::new();
    let top = Cli::command();
    for command in top.get_subcommands() {
        for arg in command.get_arguments() {
            let Some(name) = arg.get_long() else { continue };
            let key = all.entry(name.to_owned()).or_insert_with(|| Key {
                name: name.to_owned(),
                help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
                takes: takes(arg),
                commands: Vec::new(),
            });
            key.commands.push(command.get_name().to_owned());
        }
    }
    all.into_values().collect()
}

fn takes(arg: &Arg) -> Takes {
    let values = arg.get_possible_values();
    match arg.get_action() {
        ArgAction::SetTrue => Takes::Switch,
        ArgAction::Append => Takes::Texts,
        _ if !values.is_empty() => {
            Takes::OneOf(values.iter().map(|v| v.get_name().to_owned()).collect())
        }
        _ if arg.get_value_parser().type_id() == std::any::TypeId::of::<usize>() => Takes::Number,
        _ => Takes::Text,
    }
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Values by option; a switch has `true` or `false`.
    pub options: BTreeMap<String, Vec<String>>,
    /// Findings that may stand.
    pub suppressions: Vec<Suppression>,
}

impl Config {
    /// Reads a file's text.
    ///
    /// # Errors
    /// A line that names the place, and for an unknown key the nearest that is known.
    pub fn read(text: &str) -> Result<Self, String> {
        let at = |span: std::ops::Range<usize>| {
            1 + text
                .get(..span.start.min(text.len()))
                .map_or(0, |t| t.matches('\n').count())
        };
        let table = DeTable::parse(text).map_err(|e| {
            let line = e.span().map_or(1, at);
            format!("line {line}: {}", e.message().replace('\n', " "))
        })?;
        let keys: Vec<Key> = keys()
            .into_iter()
            .filter(|k| !NOT_IN_FILE.contains(&k.name.as_str()))
            .collect();
        let mut config = Self::default();
        for (name, value) in table.get_ref() {
            let line = at(name.span());
            let told = |e: String| format!("line {line}: {e}");
            if name.get_ref() == SUPPRESS {
                config.suppressions = suppressions(value.get_ref(), &at).map_err(|e| match e {
                    (Some(line), e) => format!("line {line}: {e}"),
                    (None, e) => told(e),
                })?;
                continue;
            }
            let Some(key) = keys.iter().find(|k| k.name == *name.get_ref()) else {
                let known = keys.iter().map(|k| k.name.as_str()).chain([SUPPRESS]);
                return Err(told(unknown(name.get_ref(), known)));
            };
            let values = values(key, value.get_ref()).map_err(told)?;
            config.options.insert(key.name.clone(), values);
        }
        Ok(config)
    }
}

/// The list of suppressions in the file.
const SUPPRESS: &str = "suppress";
/// Its members.
const SUPPRESS_KEYS: [&str; 4] = ["finding", "node", "reason", "expires"];

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("unknown key `{name}`: did you mean `{near}`?"),
        None => format!(
            "unknown key `{name}` (one of {})",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

fn values(key: &Key, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wants = match &key.takes {
        Takes::Switch => "true or false".to_owned(),
        Takes::Number => "a number".to_owned(),
        Takes::Text => "a text in quotes".to_owned(),
        Takes::Texts => "a text in quotes, or a list of them".to_owned(),
        Takes::OneOf(all) => format!("one of {}", all.join(", ")),
    };
    let wrong = || format!("`{}` takes {wants}", key.name);
    match (&key.takes, value) {
        (Takes::Switch, DeValue::Boolean(b)) => Ok(vec![b.to_string()]),
        (Takes::Number, DeValue::Integer(i)) => Ok(vec![i.to_string()]),
        (Takes::Text | Takes::Texts, DeValue::String(s)) => Ok(vec![s.to_string()]),
        (Takes::OneOf(all), DeValue::String(s)) if all.iter().any(|v| *v == **s) => {
            Ok(vec![s.to_string()])
        }
        (Takes::Texts, DeValue::Array(items)) => items
            .iter()
            .map(|v| match v.get_ref() {
                DeValue::String(s) => Ok(s.to_string()),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

/// An error and its line, where that is not the list's own.
type Placed = (Option<usize>, String);

fn suppressions(
    value: &DeValue<'_>,
    line_of: &dyn Fn(std::ops::Range<usize>) -> usize,
) -> Result<Vec<Suppression>, Placed> {
    let wrong = || "`suppress` is a list of tables: [[suppress]]".to_owned();
    let DeValue::Array(items) = value else {
        return Err((None, wrong()));
    };
    items
        .iter()
        .map(|item| {
            let DeValue::Table(table) = item.get_ref() else {
                return Err((Some(line_of(item.span())), wrong()));
            };
            suppression(table, line_of)
                .map_err(|(line, e)| (line.or_else(|| Some(line_of(item.span()))), e))
        })
        .collect()
}

fn suppression(
    table: &DeTable<'_>,
    line_of: &dyn Fn(std::ops::Range<usize>) -> usize,
) -> Result<Suppression, Placed> {
    let mut of: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in table {
        let line = Some(line_of(name.span()));
        let Some(known) = SUPPRESS_KEYS.iter().find(|k| **k == *name.get_ref()) else {
            return Err((line, unknown(name.get_ref(), SUPPRESS_KEYS.iter().copied())));
        };
        let text = match value.get_ref() {
            DeValue::String(s) => s.trim().to_owned(),
            DeValue::Datetime(d) => d.to_string(),
            _ => return Err((line, format!("`{known}` takes a text in quotes"))),
        };
        of.insert(known, text);
    }
    let take = |name: &str| of.get(name).cloned().filter(|t| !t.is_empty());
    let need = |name: &str, why: &str| {
        take(name).ok_or_else(|| (None, format!("a suppression needs `{name}`: {why}")))
    };
    let finding = need(
        "finding",
        "a rule, or a rule and its subject (faulty-client:10.0.0.9)",
    )?;
    let rule = finding.split(':').next().unwrap_or_default();
    if crate::rules::rule(rule).is_none() {
        let known = crate::rules::RULES.iter().map(|r| r.id);
        let near =
            nearest(rule, known).map_or_else(String::new, |n| format!(": did you mean `{n}`?"));
        return Err((None, format!("no rule `{rule}`{near}")));
    }
    let reason = need("reason", "why it may stand")?;
    let expires = need("expires", "its last day (2026-12-31), or \"never\"")?;
    let until = match expires.as_str() {
        "never" => None,
        day => Some(day_of(day).ok_or_else(|| {
            (
                None,
                format!("`expires` is a day (2026-12-31) or \"never\", not `{day}`"),
            )
        })?),
    };
    Ok(Suppression {
        finding,
        node: take("node"),
        reason,
        until,
    })
}

/// A day as `2026-12-31`.
#[must_use]
pub fn day_of(text: &str) -> Option<String> {
    chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .ok()
        .map(|d| d.format("%Y-%m-%d").to_string())
}

/// The JSON Schema of the file, made from the options of the commands.
#[must_use]
pub fn schema() -> Value {
    let mut properties = Map::new();
    for k in keys() {
        if NOT_IN_FILE.contains(&k.name.as_str()) {
            continue;
        }
        let mut of = match &k.takes {
            Takes::Switch => json!({ "type": "boolean" }),
            Takes::Text => json!({ "type": "string" }),
            Takes::Number => json!({ "type": "integer", "minimum": 0 }),
            Takes::OneOf(all) => json!({ "type": "string", "enum": all }),
            Takes::Texts => json!({ "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ] }),
        };
        of["description"] = json!(format!("{} ({})", k.help, k.commands.join(", ")));
        properties.insert(k.name, of);
    }
    let text = |about: &str| json!({ "type": "string", "minLength": 1, "description": about });
    properties.insert(
        SUPPRESS.to_owned(),
        json!({
            "type": "array",
            "description": "Findings that may stand without failing a gate",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["finding", "reason", "expires"],
                "properties": {
                    "finding": text("A fingerprint (rule:subject), or a rule for all its subjects"),
                    "node": text("The node; all nodes without it"),
                    "reason": text("Why it may stand"),
                    "expires": text("Its last day (2026-12-31) in UTC, or \"never\""),
                },
            },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of nacos-offheap",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// Arguments with what the environment and a file add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The program's name, the command, what was added, the rest.
    pub arguments: Vec<OsString>,
    /// What set an option that was not typed: a variable, or the file.
    pub origins: BTreeMap<String, String>,
}

/// Adds what the environment and the file say about options that were not typed. `typed` is what clap made of the arguments;
/// the command's name comes first among them.
///
/// # Errors
/// A variable of a switch that is neither true nor false.
pub fn fill(
    arguments: &[OsString],
    typed: &ArgMatches,
    variable: &dyn Fn(&str) -> Option<String>,
    file: Option<(&str, &Config)>,
) -> Result<Filled, String> {
    let mut filled = Filled {
        arguments: arguments.to_vec(),
        origins: BTreeMap::new(),
    };
    let Some((name, matches)) = typed.subcommand() else {
        return Ok(filled);
    };
    let top = Cli::command();
    let Some(command) = top.find_subcommand(name) else {
        return Ok(filled);
    };
    let mut added = Vec::new();
    for key in keys()
        .iter()
        .filter(|k| k.commands.iter().any(|c| c == name))
    {
        if was_typed(command, matches, &key.name) {
            continue;
        }
        let of_file = || Some((file?.0.to_owned(), file?.1.options.get(&key.name)?.clone()));
        let of_environment = || {
            let v = key.variable();
            let value = variable(&v).filter(|x| !x.is_empty())?;
            Some((v, vec![value]))
        };
        let Some((origin, values)) = of_environment().or_else(of_file) else {
            continue;
        };
        for v in values {
            match (&key.takes, switch(&v)) {
                (Takes::Switch, Some(true)) => added.push(format!("--{}", key.name)),
                (Takes::Switch, Some(false)) => {}
                (Takes::Switch, None) => {
                    return Err(format!("{origin}={v}: expected true or false"));
                }
                _ => added.push(format!("--{}={v}", key.name)),
            }
        }
        filled.origins.insert(key.name.clone(), origin);
    }
    let behind = behind_command(arguments, name);
    filled
        .arguments
        .splice(behind..behind, added.into_iter().map(OsString::from));
    Ok(filled)
}

/// Where the command's own options begin. Before its name only `--config FILE` takes a value.
fn behind_command(arguments: &[OsString], name: &str) -> usize {
    let mut at = 1;
    while let Some(a) = arguments.get(at) {
        match a.to_str() {
            Some("--config") => at += 2,
            Some(a) if a == name => return at + 1,
            _ => at += 1,
        }
    }
    arguments.len()
}

fn was_typed(command: &Command, matches: &ArgMatches, long: &str) -> bool {
    command
        .get_arguments()
        .find(|a| a.get_long() == Some(long))
        .and_then(|a| matches.value_source(a.get_id().as_str()))
        == Some(ValueSource::CommandLine)
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_its_mistakes_are_placed() {
        let c = Config::read(
            "# gate\nfail-on = [\"high\", \"peak_ratio>=0.9\"]\ntop = 3\nstrict = true\nlang = \"zh\"\n\n[[suppress]]\nfinding = \
             \"faulty-client:10.0.0.9\"\nreason = \"known\"\nexpires = 2026-12-31\n",
        )
        .unwrap();
        assert_eq!(c.options["fail-on"], ["high", "peak_ratio>=0.9"]);
        assert_eq!(c.options["top"], ["3"]);
        assert_eq!(c.suppressions[0].until.as_deref(), Some("2026-12-31"));
        for (text, says) in [
            (
                "\nfail_on = \"high\"",
                "line 2: unknown key `fail_on`: did you mean `fail-on`?",
            ),
            ("zzzz = 1", "one of"),
            ("config = \"x\"", "unknown key `config`"),
            ("top = \"3\"", "line 1: `top` takes a number"),
            ("lang = \"de\"", "`lang` takes one of en, zh"),
            ("strict = 1", "`strict` takes true or false"),
            ("\n\ntop = ", "line 3:"),
            (
                "[[suppress]]\nfinding = \"faulty-client\"\nreason = \"x\"",
                "needs `expires`",
            ),
            (
                "[[suppress]]\nfinding = \"faulty-client\"\nexpires = \"never\"",
                "needs `reason`",
            ),
            (
                "[[suppress]]\nfinding = \"fauly-client\"\nexpires = \"never\"\nreason = \"x\"",
                "did you mean `faulty-client`?",
            ),
            (
                "[[suppress]]\nfinding = \"faulty-client\"\nexpires = \"soon\"\nreason = \"x\"",
                "a day (2026-12-31)",
            ),
            (
                "[[suppress]]\nfinding = \"faulty-client\"\nexpire = \"never\"",
                "line 3: unknown key `expire`: did you mean `expires`?",
            ),
            ("suppress = 1", "list of tables"),
        ] {
            let e = Config::read(text).unwrap_err();
            assert!(e.contains(says), "{text:?}: {e}");
        }
    }
}
