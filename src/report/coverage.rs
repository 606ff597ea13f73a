//! How much of the inputs was understood, for the report.

use std::collections::BTreeMap;

use super::model::{CoverageReport, Part, UnknownShape};
use crate::artefact::Inputs;
use crate::facts::{Coverage, Facts};

/// Shapes listed.
const SHAPES: usize = 10;

/// Sums of records and bytes (recognised, unimportant, unknown), and what is told of times.
#[derive(Clone, Copy, Default)]
struct Sums {
    parts: [(u64, u64); 3],
    placed: u64,
    untimed: u64,
}

impl Sums {
    fn add(&mut self, c: &Coverage) {
        let parts = [
            (c.known - c.minor, c.used_bytes),
            (c.minor, c.minor_bytes),
            (c.unknown, c.unknown_bytes),
        ];
        for (sum, part) in self.parts.iter_mut().zip(parts) {
            sum.0 += part.0;
            sum.1 += part.1;
        }
        self.placed += c.placed;
        self.untimed += c.untimed;
    }

    fn report(self, unknown_shapes: Vec<UnknownShape>) -> CoverageReport {
        let all: u64 = self.parts.iter().map(|p| p.1).sum();
        let [recognised, unimportant, unknown] = self.parts.map(|(records, bytes)| Part {
            records,
            bytes,
            share: (all > 0).then(|| (bytes as f64 / all as f64 * 1e6).round() / 1e6),
        });
        CoverageReport {
            recognised,
            unimportant,
            unknown,
            placed: self.placed,
            untimed: self.untimed,
            unknown_shapes,
        }
    }
}

fn shapes(label: &str, c: &Coverage, most: usize) -> Vec<UnknownShape> {
    let all = c.unknown_shapes.commonest(most).into_iter();
    all.map(|(shape, n)| UnknownShape {
        shape: shape.to_owned(),
        records: n.records,
        bytes: n.bytes,
        path: label.to_owned(),
        line: c.line_of(&n.first.place),
        at_least: c.unknown_shapes.is_sample(),
    })
    .collect()
}

/// Of one input.
pub(super) fn of_input(label: &str, c: &Coverage) -> CoverageReport {
    let mut sums = Sums::default();
    sums.add(c);
    sums.report(shapes(label, c, SHAPES))
}

/// Of all inputs; shapes that occur in several are added up.
pub(super) fn of_all(inputs: &Inputs, facts: &[Facts]) -> CoverageReport {
    let mut sums = Sums::default();
    let mut by_shape: BTreeMap<String, UnknownShape> = BTreeMap::new();
    for a in &inputs.artefacts {
        let Some(c) = facts.get(a.node).and_then(|f| f.coverage.get(&a.id)) else {
            continue;
        };
        sums.add(c);
        for s in shapes(&a.label, c, usize::MAX) {
            match by_shape.get_mut(&s.shape) {
                Some(sum) => {
                    sum.records += s.records;
                    sum.bytes += s.bytes;
                    sum.at_least |= s.at_least;
                }
                None => {
                    by_shape.insert(s.shape.clone(), s);
                }
            }
        }
    }
    let mut all: Vec<UnknownShape> = by_shape.into_values().collect();
    // Stable: of equals the one whose text sorts first.
    all.sort_by_key(|s| std::cmp::Reverse(s.records));
    all.truncate(SHAPES);
    sums.report(all)
}
