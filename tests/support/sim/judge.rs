//! Holds a report against the truth, as the incidents' scoring does, and tallies.

use std::collections::BTreeMap;

use nacos_offheap::report::Report;
use nacos_offheap::rules::{Kind, Severity};

use super::causes::{Cause, Truth};
use super::model::Measured;

/// What came of one case.
#[derive(Clone, Debug)]
pub struct Judged {
    pub seed: u64,
    pub cause: Cause,
    pub caused: bool,
    pub calm: bool,
    pub top1: bool,
    pub top3: bool,
    /// A cause at high or critical, or a verdict, where there is none.
    pub false_alarm: bool,
    /// Verdict and its confidence.
    pub verdict: Option<(String, f64)>,
    /// What is wrong beyond the verdict.
    pub problems: Vec<String>,
    /// The two baselines: the client with the most failures, and with the most in the last five minutes.
    pub baselines: [bool; 2],
    pub story: String,
    pub right: String,
}

/// Judges a report.
pub fn judge(
    seed: u64,
    cause: Cause,
    t: &Truth,
    m: &Measured,
    lasts: i64,
    report: &Report,
) -> Judged {
    let subject = |s: &[nacos_offheap::rules::Subject]| {
        s.first().map(|s| s.value.clone()).unwrap_or_default()
    };
    let ok = |rule: &str, first: &str| {
        t.right.iter().flatten().any(|r| *r == rule)
            && (t.subjects.is_empty()
                || rule != "faulty-client"
                || t.subjects.iter().any(|s| s == first))
    };
    let findings: Vec<_> = report.nodes.iter().flat_map(|n| &n.findings).collect();
    let causes: Vec<_> = findings.iter().filter(|f| f.kind == Kind::Cause).collect();
    let top1 = match &report.verdict {
        None => t.right.contains(&None),
        Some(v) => ok(&v.rule, &subject(&v.subjects)),
    };
    let top3 = top1
        || causes
            .iter()
            .take(3)
            .any(|f| ok(&f.rule, &subject(&f.subjects)));
    let loud: Vec<_> = causes
        .iter()
        .filter(|f| f.severity >= Severity::High)
        .collect();
    let mut problems = Vec::new();
    if t.calm() {
        for f in &loud {
            problems.push(format!("too severe: {} {}", f.rule, subject(&f.subjects)));
        }
        if let Some(v) = &report.verdict {
            problems.push(format!(
                "verdict on calm: {} {}",
                v.rule,
                subject(&v.subjects)
            ));
        }
    }
    let false_alarm = t.calm() && !problems.is_empty();
    for f in &loud {
        let s = subject(&f.subjects);
        let wrong = t
            .not_blamed
            .iter()
            .any(|(rule, who)| *rule == f.rule && who.as_ref().is_none_or(|w| *w == s));
        if wrong && !t.calm() {
            problems.push(format!("wrongly blamed: {} {s}", f.rule));
        }
    }
    for (rule, who) in &t.to_be_found {
        let is = |f: &&nacos_offheap::report::model::FindingReport| {
            f.rule == *rule && who.as_ref().is_none_or(|w| *w == subject(&f.subjects))
        };
        if !findings.iter().any(is) {
            problems.push(format!("not found: {rule} {who:?}"));
        }
    }
    for rule in &t.together {
        if !causes.iter().take(3).any(|f| f.rule == *rule) {
            problems.push(format!("not among the first three: {rule}"));
        }
    }
    let dm = &report.nodes[0].direct_memory;
    let exhausted = report
        .nodes
        .iter()
        .any(|n| n.direct_memory.exhausted.count > 0);
    if let Some(truth) = t.exhausted.filter(|e| *e != exhausted) {
        problems.push(format!("exhausted: {exhausted}, truth {truth}"));
    }
    if let Some(l) = t.limit
        && dm.limit_bytes != Some(l)
        && !derived_near(dm, l)
    {
        problems.push(format!("limit: {:?}, truth {l}", dm.limit_bytes));
    }
    let verdict = report
        .verdict
        .as_ref()
        .map(|v| (format!("{} {}", v.rule, subject(&v.subjects)), v.confidence));
    Judged {
        seed,
        cause,
        caused: t.caused(),
        calm: t.calm(),
        top1,
        top3,
        false_alarm,
        verdict,
        problems,
        baselines: [0, lasts - 300_000].map(|since| baseline(t, m, since)),
        story: t.story.clone(),
        right: format!("{:?} {:?}", t.right, t.subjects),
    }
}

/// A limit that follows from the heap is known but for the survivor space, which the JVM sizes as it likes.
fn derived_near(dm: &nacos_offheap::report::model::DirectMemory, truth: u64) -> bool {
    dm.limit_source.as_deref() == Some("derived")
        && dm.limit_low.is_some_and(|l| l * 95 <= truth * 100)
        && dm.limit_high.is_some_and(|h| h * 105 >= truth * 100)
}

/// What counting failures says: the client with the most since a time, when there are ten.
fn baseline(t: &Truth, m: &Measured, since: i64) -> bool {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, ip) in m.fails.iter().filter(|f| f.0 >= since) {
        *counts.entry(ip).or_default() += 1;
    }
    match counts
        .iter()
        .max_by_key(|(ip, n)| (**n, std::cmp::Reverse(**ip)))
    {
        Some((ip, n)) if *n >= 10 => {
            t.right.contains(&Some("faulty-client")) && t.subjects.iter().any(|s| s == ip)
        }
        _ => t.right.contains(&None),
    }
}

/// Sums over cases.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    pub n: usize,
    pub caused: usize,
    pub top1: usize,
    pub top3: usize,
    pub calm: usize,
    pub false_alarms: usize,
    pub open: usize,
    pub open_right: usize,
    pub baselines: [usize; 2],
    pub calm_baselines: [usize; 2],
    pub wrong_facts: usize,
    pub wrong_blame: usize,
    pub missed: usize,
}

impl Sum {
    /// Adds a case.
    pub fn add(&mut self, j: &Judged) {
        self.n += 1;
        if j.caused {
            self.caused += 1;
            self.top1 += usize::from(j.top1);
            self.top3 += usize::from(j.top3);
        } else if j.calm {
            self.calm += 1;
            self.false_alarms += usize::from(j.false_alarm);
        } else {
            self.open += 1;
            self.open_right += usize::from(j.top1);
        }
        for (i, b) in j.baselines.iter().enumerate() {
            self.baselines[i] += usize::from(j.caused && *b);
            self.calm_baselines[i] += usize::from(j.calm && !*b);
        }
        self.wrong_facts += usize::from(
            j.problems
                .iter()
                .any(|p| p.starts_with("exhausted") || p.starts_with("limit")),
        );
        self.missed += usize::from(j.problems.iter().any(|p| p.starts_with("not ")));
        self.wrong_blame += usize::from(j.problems.iter().any(|p| p.starts_with("wrongly")));
    }

    /// Part of the caused ones whose first cause is right.
    pub fn top1(&self) -> f64 {
        part(self.top1, self.caused)
    }

    /// Part of the caused ones with the right cause among the first three.
    pub fn top3(&self) -> f64 {
        part(self.top3, self.caused)
    }

    /// Part of the calm ones with a false alarm.
    pub fn false_alarms(&self) -> f64 {
        if self.calm == 0 {
            0.0
        } else {
            self.false_alarms as f64 / self.calm as f64
        }
    }
}

/// A part of a whole; of nothing it is one.
pub fn part(n: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { n as f64 / of as f64 }
}

/// The table of causes, and of confidence against being right.
pub fn tables(all: &[Judged]) -> String {
    use std::fmt::Write as _;
    let mut s = String::new();
    let mut by: BTreeMap<Cause, Sum> = BTreeMap::new();
    let mut whole = Sum::default();
    for j in all {
        by.entry(j.cause).or_default().add(j);
        whole.add(j);
    }
    let share = |n: usize, of: usize| {
        if of == 0 {
            "   -".to_owned()
        } else {
            format!("{:.2}", n as f64 / of as f64)
        }
    };
    let _ = writeln!(
        s,
        "{:22} {:>4} | {:>6} {:>5} {:>5} {:>5} {:>5} | {:>5} {:>5} {:>5} {:>5} | {:>5} {:>5} | {:>5} {:>5} {:>5}",
        "cause",
        "n",
        "caused",
        "top1",
        "top3",
        "count",
        "last5",
        "calm",
        "alarm",
        "count",
        "last5",
        "open",
        "right",
        "facts",
        "blame",
        "miss"
    );
    for (name, x) in by
        .iter()
        .map(|(c, x)| (format!("{c:?}"), x))
        .chain([("all".to_owned(), &whole)])
    {
        let _ = writeln!(
            s,
            "{name:22} {:>4} | {:>6} {:>5} {:>5} {:>5} {:>5} | {:>5} {:>5} {:>5} {:>5} | {:>5} {:>5} | {:>5} {:>5} {:>5}",
            x.n,
            x.caused,
            share(x.top1, x.caused),
            share(x.top3, x.caused),
            share(x.baselines[0], x.caused),
            share(x.baselines[1], x.caused),
            x.calm,
            share(x.false_alarms, x.calm),
            share(x.calm_baselines[0], x.calm),
            share(x.calm_baselines[1], x.calm),
            x.open,
            share(x.open_right, x.open),
            x.wrong_facts,
            x.wrong_blame,
            x.missed
        );
    }
    let _ = writeln!(
        s,
        "\ncount, last5: baselines (most failures; most in the last five minutes); facts: cases with a wrong limit or exhaustion;\nblame: cases that blame someone else at high or critical; miss: cases where a client that failed on and on, or a storm, is\nno finding, or where one of two causes is not among the first three.\n\nconfidence of the verdict against how often it was right"
    );
    for (low, high) in [
        (0.5, 0.6),
        (0.6, 0.7),
        (0.7, 0.8),
        (0.8, 0.9),
        (0.9, 0.95),
        (0.95, 1.01),
    ] {
        let of: Vec<&Judged> = all
            .iter()
            .filter(|j| j.verdict.as_ref().is_some_and(|v| v.1 >= low && v.1 < high))
            .collect();
        let mean = of
            .iter()
            .filter_map(|j| j.verdict.as_ref().map(|v| v.1))
            .sum::<f64>()
            / of.len().max(1) as f64;
        let right = of.iter().filter(|j| j.top1).count();
        let _ = writeln!(
            s,
            "{low:.2}..{:.2}  n {:>5}  says {mean:.2}  right {}",
            f64::min(high, 1.0),
            of.len(),
            share(right, of.len())
        );
    }
    s
}
