//! Sources that tell different limits of the same book.

use serde_json::json;

use super::Given;
use super::exhaustion::Exhaustion;
use super::limit::Limit;
use crate::facts::Facts;
use crate::jvm_limit::{self, HeapShape};
use crate::parse::failure::FailureKind;
use crate::parse::flags::{JvmFlags, SHADED_PREFIX};
use crate::text::Text;

/// Says of a limit which other source tells another figure for the same book. The stronger source stands.
pub(super) fn contradicted(
    mut limit: Limit,
    facts: &Facts,
    given: &Given,
    flags: &JvmFlags,
    shape: &HeapShape,
    exhaustion: Option<&Exhaustion>,
) -> Limit {
    let flag = flags.max_direct_memory_size().and_then(Result::ok);
    let netty = exhaustion.is_some_and(|e| e.kinds == [FailureKind::Netty]);
    let property = flags
        .netty_long(SHADED_PREFIX, "maxDirectMemory")
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n > 0);
    // What the same book should have by the flags; Netty's limit may be its own.
    let expected = match limit.source {
        "exception" | "heap-dump" if netty && property.is_some() => {
            property.map(|p| (Text::new("limit.second-netty", []).nested(), p, p))
        }
        "exception" | "heap-dump" | "given" => match flag {
            // Netty without cleaners takes the flag for its own limit too.
            Some(f) => Some((json!("-XX:MaxDirectMemorySize"), f, f)),
            None => jvm_limit::jdk_limit(shape)
                .filter(|d| !d.heap_assumed && !d.collector_assumed && limit.source != "given")
                .map(|d| {
                    (
                        Text::new("limit.second-heap", []).nested(),
                        d.low,
                        d.high.max(d.heap_max.unwrap_or(0)),
                    )
                }),
        },
        // Sources of the flag that disagree: a restart with other settings, or a variable that was overruled.
        "flag" => facts
            .jvm
            .sources
            .iter()
            .filter_map(|s| s.flags.max_direct_memory_size()?.ok())
            .find(|b| *b != limit.bytes)
            .map(|b| (Text::new("limit.second-flags", []).nested(), b, b)),
        _ => None,
    };
    let told = given
        .max_direct_memory
        .filter(|g| limit.source == "exception" && *g != limit.bytes);
    let other = told
        .map(|g| (json!("--max-direct-memory"), g, g))
        .or(expected)
        .filter(|(_, low, high)| limit.bytes < *low || limit.bytes > *high);
    if let Some((second, low, high)) = other {
        let other = if limit.bytes < low { low } else { high };
        limit.explained = Text::new(
            "limit.contradicted",
            [
                ("first", limit.explained.clone().nested()),
                ("second", second),
                ("other", json!(other)),
            ],
        );
    }
    limit
}
