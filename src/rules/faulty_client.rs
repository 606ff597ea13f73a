//! A client whose pushes keep failing while it stays connected.

mod connected;
mod evidence;
mod failing;
mod order;
mod remedy;

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Rule};
use crate::text::{Text, local};
use crate::units::WallTime;
use failing::Failing;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "faulty-client",
    kind: Kind::Cause,
    title: "A client that stopped reading",
    what: "A client that no longer reads (frozen, in a long full collection, behind a broken link) leaves its pushes queued in the \
           server's HTTP/2 flow controller, in direct buffers. Before 2.3.1 nothing bounds that queue; 2.2.0 to 2.2.4 do not expel \
           such a connection either. Each address is a finding of its own, the worst first.",
    speaks_for: "Its pushes fail on and on while its connections stay open; nothing is delivered any more; the failures begin with \
                 the growth of memory and are most of all failures; a listener of configurations falls silent; bytes held for it are \
                 counted in a heap dump or in the send queue.",
    speaks_against: "Failures for a few seconds (a restart); deliveries in between or late acknowledgements (slow, not dead); \
                     reconnects; memory that goes on growing once it reads again; a few failures among thousands of deliveries; failures \
                     that begin after memory grew or was exhausted; failures everywhere at once.",
    remedy: "Take a heap dump before anything is restarted. Look at that client: full collections, out of memory, CPU, a blocked \
             listener callback, its SDK version. Restart or cut off that client; restart the server last. Upgrade to 2.3.1 or later.",
    sources: "Nacos PushExecuteTask, RpcConfigChangeNotifier, GrpcConnection 2.0.0 to 3.0.3; fix in 2.3.1 (pull request 11514).",
    weigh,
    needs: &[Family::PushLogOrDump],
};

/// One client on trial: what it did, against what all others did.
struct Suspect<'s, 'c, 'a> {
    case: &'s Case<'a>,
    failing: &'s Failing<'c, 'a>,
    /// Its part of the bytes that may be held.
    share: f64,
    /// Failures of all clients.
    all: f64,
    /// Pushes fail to most clients alike.
    widespread: bool,
    /// Another client fails too.
    several: bool,
    /// Configuration notifications that name nobody: how many failed, and since when.
    unaddressed: Option<(f64, WallTime)>,
}

impl Suspect<'_, '_, '_> {
    fn ip(&self) -> serde_json::Value {
        json!(self.failing.client.address.to_string())
    }
}

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let (from, to) = case.bounds();
    let exhausted = case.exhausted_at().unwrap_or(to);
    let unaddressed = failing::unaddressed_config_failures(case, from, exhausted);
    let found = failing::find(case, unaddressed.as_ref());
    let all_before: f64 = found.iter().map(|f| f.before).sum();
    let all: f64 = found.iter().map(|f| f.count).sum();
    let widespread = failing::widespread(case, &found, all_before);
    let shares = failing::shares(case, &found, from, exhausted, to);
    found
        .iter()
        .zip(shares)
        .filter_map(|(f, share)| {
            let several = found
                .iter()
                .any(|o| o.client.address != f.client.address && o.before >= 20.0);
            hypothesis(&Suspect {
                case,
                failing: f,
                share,
                all,
                widespread,
                several,
                unaddressed: unaddressed.as_ref().map(|u| (u.count, u.began)),
            })
        })
        .collect()
}

fn hypothesis(s: &Suspect<'_, '_, '_>) -> Option<Hypothesis> {
    let mut evidence: Vec<Evidence> = evidence::persistence(s);
    evidence.extend(evidence::silence(s));
    evidence.extend(evidence::refusals(s));
    evidence.extend(evidence::held(s));
    evidence.extend(evidence::in_kernel(s));
    if s.failing.shows_in_logs() {
        evidence.extend(connected::connected(s));
        evidence.extend(order::order(s));
    }
    evidence.extend(evidence::late_acknowledgements(s));
    evidence.extend(evidence::share(s));
    evidence.extend(evidence::everywhere(s));
    evidence.extend(evidence::release(s));
    let telling = evidence::telling(s);
    for e in &mut evidence {
        let by_failures = !matches!(e.weight, Weight::HeldForClient | Weight::QueueInKernel);
        if by_failures && e.contribution() > 0.0 {
            e.strength *= telling;
        }
    }
    // What fails by the dozen is worth a look even where it is not to blame.
    if super::hopeless(&evidence) && s.failing.count < 24.0 {
        return None;
    }
    evidence.sort_by(|a, b| b.contribution().total_cmp(&a.contribution()));
    Some(Hypothesis {
        subjects: remedy::subjects(s),
        title: title(s, &evidence),
        remedy: remedy::remedy(s, super::score::confidence(&evidence).0),
        evidence,
        severity: None,
    })
}

/// What the title may claim: that it stopped is for a suspect who is more likely than not, and one that acknowledges late
/// reads, only too slowly: another thing to look for at three in the morning.
fn title(s: &Suspect<'_, '_, '_>, evidence: &[Evidence]) -> Text {
    let has = |w: Weight| evidence.iter().any(|e| e.weight == w);
    let sure = super::score::confidence(evidence).0 >= super::DECIDED;
    let f = s.failing;
    let slow = has(Weight::LateAcks);
    match f.silent_since {
        None if !f.shows_in_logs() => Text::new(
            "faulty-client.title-held",
            [
                ("ip", s.ip()),
                (
                    "bytes",
                    json!(s.case.held_for(&f.client.address).map(|h| h.0)),
                ),
            ],
        ),
        Some((t, _)) => Text::new(
            "faulty-client.title-silent",
            [
                ("ip", s.ip()),
                ("first", local(t)),
                ("n", json!(f.sends.round())),
            ],
        ),
        None => Text::new(
            if slow {
                "faulty-client.title-slow"
            } else if sure {
                "faulty-client.title"
            } else if has(Weight::StartsAfterExhaustion) {
                "faulty-client.title-victim"
            } else {
                "faulty-client.title-fails"
            },
            [
                ("ip", s.ip()),
                ("n", json!(f.count.max(f.sends).round())),
                ("first", local(f.first)),
            ],
        ),
    }
}
