//! Changes of configurations that go out to very many listeners.

use serde_json::json;

use super::burst::{Burst, busiest};
use super::push_fan_out::blame;
use super::score::Weight;
use super::storm::memory_evidence;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Subject};
use crate::facts::Signal;
use crate::facts::log::ConfigChanges;
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "config-push-storm",
    kind: Kind::Cause,
    title: "Configuration changes to very many listeners",
    what: "Each change of a configuration is announced to every listener in a message of its own. However small, one that waits holds a \
           buffer of 4 KiB, and every listener fetches the whole text at once.",
    speaks_for: "Thousands of announcements in a minute, before or with the growth of memory: many listeners, or changes in quick succession.",
    speaks_against: "Memory stays flat; one listener that does not read accounts for the bytes; the storm follows a restart.",
    remedy: "Find what publishes (a script, a pipeline in a loop), publish once for many changes, split configurations that everybody \
             listens to.",
    sources: "Nacos RpcConfigChangeNotifier, ConfigChangePublisher 2.0.0 to 3.0.3. Measured: 15,632 waiting announcements of some 140 bytes \
              held 64,028,672 bytes.",
    weigh,
    needs: &[Family::ConfigPushes],
};

/// Fewer announcements in a minute are ordinary.
const FEWEST_PER_MINUTE: f64 = 2_000.0;
/// Configurations named as subjects.
const SUBJECTS_MAX: usize = 5;

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let Some(changes) = case.facts.log.totals.get(Signal::ConfigFanOut) else {
        return Vec::new();
    };
    let (from, to) = case.bounds();
    let Some(burst) = busiest(&[changes], from, to, 0.0) else {
        return Vec::new();
    };
    let listeners = changes.amount as f64 / changes.count.max(1) as f64;
    let per_minute = burst.per_minute * listeners;
    if per_minute < FEWEST_PER_MINUTE {
        return Vec::new();
    }
    let mut configs: Vec<(&[u8], ConfigChanges)> = case
        .facts
        .log
        .configs
        .iter()
        .map(|(k, c)| (&**k, *c))
        .collect();
    configs.sort_by(|a, b| (b.1.notified, a.0).cmp(&(a.1.notified, b.0)));
    let Some(&(first, most)) = configs.first() else {
        return Vec::new();
    };
    let params = || {
        [
            ("config", json!(name(first))),
            ("changes", json!(burst.count.round())),
            ("listeners", json!(listeners.round())),
            ("rate", json!(per_minute.round())),
            ("from", local(burst.from)),
            ("to", local(burst.to)),
            (
                "share",
                json!((most.notified as f64 / changes.amount.max(1) as f64 * 1e4).round() / 1e4),
            ),
        ]
    };
    let mut evidence = vec![
        Evidence::new(
            Weight::RateFarOverUsual,
            Text::new("config-push-storm.claim", params()),
            changes.first.as_ref(),
        )
        .scaled(strength(&burst, per_minute)),
    ];
    evidence.extend(memory_evidence(case, &burst));
    if case.in_trouble() {
        blame(case, findings, &mut evidence);
    }
    if super::hopeless(&evidence) {
        return Vec::new();
    }
    let mut subjects: Vec<Subject> = configs
        .iter()
        .take(SUBJECTS_MAX)
        .map(|(key, c)| {
            let share = c.notified as f64 / changes.amount.max(1) as f64;
            Subject::new("data-id", name(key)).with_share(share)
        })
        .collect();
    subjects.extend(publisher(case).map(|ip| Subject::new("client-ip", ip)));
    let find = publisher(case).map_or_else(
        || Text::new("config-push-storm.find-unknown", params()),
        |ip| {
            Text::new(
                "config-push-storm.find",
                [("config", json!(name(first))), ("ip", json!(ip))],
            )
        },
    );
    vec![Hypothesis {
        subjects,
        title: Text::new("config-push-storm.title", params()),
        evidence,
        remedy: Remedy {
            now: vec![find],
            lasting: vec![Text::new("config-push-storm.lasting", [])],
        },
        severity: None,
    }]
}

/// A rate that is always so is the ordinary load of a large installation, not a storm.
fn strength(burst: &Burst, per_minute: f64) -> f64 {
    let over_usual = (burst.ratio() / 8.0).clamp(0.3, 1.0);
    over_usual.max((per_minute / FEWEST_PER_MINUTE / 10.0).min(1.0))
}

/// `dataId+group[+tenant]` as people write it: `tenant/group/dataId`.
fn name(group_key: &[u8]) -> String {
    let text = String::from_utf8_lossy(group_key);
    let part = |s: &str| s.replace("%2B", "+").replace("%25", "%");
    let mut parts = text.split('+');
    let (data_id, group, tenant) = (parts.next(), parts.next(), parts.next());
    [tenant, group, data_id]
        .into_iter()
        .flatten()
        .filter(|p| !p.is_empty())
        .map(part)
        .collect::<Vec<_>>()
        .join("/")
}

/// The address that publishes most, where one publishes most of all.
fn publisher(case: &Case<'_>) -> Option<String> {
    let (from, to) = case.bounds();
    let of = |c: &super::case::Client<'_>| c.between(Signal::ConfigPublish, from, to);
    let all: f64 = case.clients.iter().map(of).sum();
    case.clients
        .iter()
        .find(|c| of(c) * 2.0 > all && of(c) >= 5.0)
        .map(|c| c.address.to_string())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_configuration_is_named_from_the_outside_in() {
        assert_eq!(
            name(b"app%2B1.yaml+DEFAULT_GROUP"),
            "DEFAULT_GROUP/app+1.yaml"
        );
        assert_eq!(name(b"a+G+t"), "t/G/a");
        assert_eq!(name(b"a+G+"), "G/a");
    }
}
