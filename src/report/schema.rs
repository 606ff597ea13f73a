//! The JSON Schema (2020-12) of the report, made from its types: doc comments are the descriptions. A copy stands beside this file
//! as `report.schema.json`, for who reads the repository; a test keeps it equal.

use std::io::{self, Write};

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::model::Report;

/// The schema of a saved report.
#[must_use]
pub fn report() -> Value {
    // What is written, not what is accepted: members that older reports lack are required of new ones.
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report>()
        .to_value()
}

/// Writes a schema, indented, with a line's end.
///
/// # Errors
/// Those of the output.
pub fn write(schema: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, schema)?;
    out.write_all(b"\n")
}

/// Whether a member of a node, by its dotted path (`direct_memory.trend.low`, `clients.push_fail`), is a number. Lists are passed
/// through; the members of maps have any name.
#[must_use]
pub fn is_figure(path: &str) -> bool {
    let root = report();
    let Some(node) = root.pointer("/$defs/NodeReport") else {
        return false;
    };
    path.split('.')
        .try_fold(node, |at, name| member(&root, at, name))
        .is_some_and(|s| is_number(&root, s))
}

/// Dotted paths of the numbers in a node, lists passed through, maps left out.
#[must_use]
pub fn figures() -> Vec<String> {
    let root = report();
    let mut all = Vec::new();
    if let Some(node) = root.pointer("/$defs/NodeReport") {
        collect(&root, node, "", &mut all);
    }
    all
}

fn collect(root: &Value, schema: &Value, path: &str, all: &mut Vec<String>) {
    for s in alternatives(root, schema) {
        if is_number(root, s) && !path.is_empty() {
            all.push(path.to_owned());
            return;
        }
        for (name, member) in s
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            collect(root, member, &below, all);
        }
    }
}

/// What a schema may be: itself behind references, the branches of `anyOf`, the items of a list.
fn alternatives<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return root
            .pointer(name.trim_start_matches('#'))
            .map_or_else(Vec::new, |s| alternatives(root, s));
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        return any.iter().flat_map(|s| alternatives(root, s)).collect();
    }
    match schema.get("items") {
        Some(items) => alternatives(root, items),
        None => vec![schema],
    }
}

fn member<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    alternatives(root, schema).into_iter().find_map(|s| {
        s.get("properties")
            .and_then(|p| p.get(name))
            .or_else(|| s.get("additionalProperties").filter(|a| a.is_object()))
    })
}

fn is_number(root: &Value, schema: &Value) -> bool {
    let named = |t: &Value| t == "number" || t == "integer";
    alternatives(root, schema)
        .into_iter()
        .any(|s| match s.get("type") {
            Some(Value::Array(all)) => all.iter().any(named),
            Some(t) => named(t),
            None => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_the_numbers_of_a_node() {
        for path in [
            "direct_memory.peak_ratio",
            "direct_memory.trend.time_to_limit_s",
            "clients.push_fail",
            "clients.backlog_bytes",
            "facts.push.failed",
            "facts.push.by_client.10",
            "facts.process.rss_bytes",
            "facts.heap_dump.backlog.held_bytes",
            "findings.confidence",
        ] {
            let number = is_figure(path);
            assert_eq!(number, path != "facts.push.by_client.10", "{path}");
        }
        assert!(is_figure("facts.nmt.total_committed_bytes"));
        assert!(!is_figure("direct_memory.peak_ration"));
        assert!(!is_figure("direct_memory"));
        let all = figures();
        assert!(all.contains(&"clients.push_fail".to_owned()));
        assert!(all.iter().all(|f| is_figure(f)), "{all:?}");
    }
}
