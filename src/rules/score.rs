//! The one table of weights, and how evidence becomes confidence.
//!
//! Each piece adds log odds; a thousand equal lines are one piece. The sum starts at [`PRIOR`], the odds that a suspect
//! nobody has looked at is the cause. One kind of source alone never makes certain ([`LONE_SOURCE_MAX`]).
//!
//! How often the first cause is right, by what was drawn (`cargo test --test simulator -- --nocapture`); the two columns before
//! the last two are baselines, the client with the most failures and with the most in the last five minutes:
//!
//! | drawn | n | with a cause | Top@1 | Top@3 | most failures | most in the last 5 min | calm | false alarms |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | Stuck | 12 | 8 | 1.00 | 1.00 | 1.00 | 1.00 | 0 |  |
//! | Slow leaker | 12 | 7 | 1.00 | 1.00 | 0.86 | 0.71 | 0 |  |
//! | Several leakers | 12 | 9 | 1.00 | 1.00 | 0.78 | 0.67 | 0 |  |
//! | Loud and little | 12 | 11 | 0.91 | 1.00 | 0.00 | 0.00 | 0 |  |
//! | Tiny messages | 12 | 7 | 1.00 | 1.00 | 0.00 | 0.00 | 1 | 0.00 |
//! | Restart after failure | 12 | 9 | 1.00 | 1.00 | 0.89 | 0.78 | 0 |  |
//! | Logins and leaker | 12 | 11 | 1.00 | 1.00 | 0.91 | 0.91 | 1 | 0.00 |
//! | Behind gateway | 12 | 9 | 1.00 | 1.00 | 1.00 | 1.00 | 0 |  |
//! | Leaker in deploy wave | 12 | 8 | 1.00 | 1.00 | 1.00 | 1.00 | 0 |  |
//! | Fan out | 12 | 6 | 1.00 | 1.00 | 0.33 | 0.33 | 1 | 0.00 |
//! | Limit too small | 12 | 6 | 1.00 | 1.00 | 0.00 | 0.00 | 2 | 0.00 |
//! | Server leak | 12 | 5 | 1.00 | 1.00 | 0.00 | 0.00 | 0 |  |
//! | Native leak | 12 | 8 | 1.00 | 1.00 | 0.00 | 0.00 | 0 |  |
//! | Expelled | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Guarded | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Slow link | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Pauses | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Deploy wave | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Gateway | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Logins | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Connections | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Registrations | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Calm restart | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Busy | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Quiet | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Subscriptions | 12 | 0 |  |  |  |  | 12 | 0.00 |
//! | Config storm | 12 | 3 | 0.67 | 1.00 | 0.00 | 0.00 | 8 | 0.00 |
//! | Peer backlog | 12 | 4 | 1.00 | 1.00 | 0.00 | 0.00 | 7 | 0.00 |
//! | Udp server | 12 | 2 | 1.00 | 1.00 | 0.00 | 0.00 | 6 | 0.00 |
//! | Configs only | 12 | 9 | 1.00 | 1.00 | 0.00 | 0.00 | 2 | 0.00 |
//! | Red herring | 12 | 10 | 1.00 | 1.00 | 0.20 | 0.20 | 0 |  |
//! | Two causes | 12 | 8 | 1.00 | 1.00 | 1.00 | 1.00 | 0 |  |
//! | all | 384 | 140 | 0.99 | 1.00 | 0.49 | 0.46 | 184 | 0.00 |

use super::finding::Evidence;

/// Log odds of a suspect before any evidence: one in about eight.
pub const PRIOR: f64 = -2.0;
/// Highest confidence.
pub const CONFIDENCE_MAX: f64 = 0.98;
/// Highest confidence when all evidence comes from one kind of source.
pub const LONE_SOURCE_MAX: f64 = 0.9;

macro_rules! weights {
    ($($name:ident, $id:literal, $odds:literal, $reason:literal;)*) => {
        /// A row of the table of weights.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Weight {
            $(#[doc = $reason] $name,)*
        }

        impl Weight {
            /// All rows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Name in reports.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Log odds at full strength: above zero speaks for the hypothesis.
            #[must_use]
            pub fn log_odds(self) -> f64 {
                match self { $(Self::$name => $odds,)* }
            }

            /// Why it weighs so much.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

weights! {
    // Clients
    FailsPersistently, "fails-persistently", 1.5, "A fault goes on; a restart or a pause of the client ends within seconds.";
    NothingDelivered, "nothing-delivered", 1.2, "A reader that stopped acknowledges nothing any more; a slow one still does now and then.";
    StaysConnected, "stays-connected", 1.5, "Only a connection that stays open keeps a backlog: a restarted client drops it.";
    StartsWithGrowth, "starts-with-growth", 2.0, "Cause and growth begin together.";
    MostHeld, "most-held", 2.0, "By size and number of its failed pushes, and by how memory grew, most of the bytes are its.";
    WentSilent, "went-silent", 2.5, "A listener that asked for changes and never asks again while its connection stays has stopped reading.";
    SendsRefused, "sends-refused", 1.0, "The server's own send queue for this client is full.";
    HeldForClient, "held-for-client", 3.5, "Bytes held for it were counted in memory, connection by connection.";
    NothingHeld, "nothing-held", -1.5, "Memory was full of what is held for others, and next to nothing is held for it.";
    NoBackPressure, "no-back-pressure", 0.3, "Before 2.3.1 nothing bounds what is queued for a reader that stopped.";
    StartsAfterGrowth, "starts-after-growth", -2.5, "What begins after the growth cannot have caused it.";
    StartsAfterExhaustion, "starts-after-exhaustion", -3.0, "Once memory is exhausted pushes fail to everybody.";
    GrowsWithoutIt, "grows-without-it", -3.0, "Memory goes on growing after it reads again: the bytes are not its.";
    ShortPause, "short-pause", -1.5, "A few seconds of failures are a restart or a pause.";
    StillDelivers, "still-delivers", -1.5, "It goes on acknowledging pushes in between.";
    Reconnects, "reconnects", -1.0, "A client that reconnects drops the queue of its old connection.";
    LateAcks, "late-acks", -2.0, "It acknowledges, only too late: slow, not dead.";
    EverywhereAtOnce, "everywhere-at-once", -2.0, "When all fail alike the trouble is not in one client.";
    BackPressure, "back-pressure", -1.0, "From 2.3.1 on the server refuses to queue for a stream that is not ready.";
    // Bursts
    RateFarOverUsual, "rate-far-over-usual", 2.0, "Far more than this address or anybody does otherwise.";
    BurstWithGrowth, "burst-with-growth", 1.2, "Memory grows while it lasts; on measured servers bursts alone did not move it.";
    MemoryUnseen, "memory-unseen", -0.7, "Nothing tells what memory did while it lasted.";
    SuspectRelease, "suspect-release", 0.5, "This release has a defect that such a burst feeds.";
    EndsBeforeGrowth, "ends-before-growth", -2.5, "It was over before memory grew.";
    AfterFailure, "after-failure", -2.5, "Clients that lose their server reconnect and log in: an effect, not the cause.";
    RisesWithoutIt, "rises-without-it", -2.5, "What memory does as well while it is not there, it does not need it for.";
    MemoryFlat, "memory-flat", -3.0, "It happened and memory did not move.";
    PushesUnseen, "pushes-unseen", -1.5, "Without a push log and a heap dump nobody can tell whether one client holds the bytes.";
    // Load and limit
    OneServiceDominates, "one-service-dominates", 1.5, "Nearly all pushes are of one service.";
    WideFanOut, "wide-fan-out", 1.5, "One change goes out to many subscribers at once.";
    FailuresSpread, "failures-spread", 1.0, "Pushes fail to all subscribers alike.";
    MemoryReturns, "memory-returns", 1.5, "Memory falls back between bursts: it is needed for a moment, not lost.";
    OneClientExplains, "one-client-explains", -3.0, "One client's backlog accounts for the bytes.";
    BurstExplains, "burst-explains", -1.0, "A burst at that time accounts for the bytes.";
    LimitUnderQuarter, "limit-under-quarter", 1.0, "The limit is under a quarter of the heap, below what experts advise.";
    NearUnderLoad, "near-under-load", 2.0, "Ordinary load alone comes near the limit.";
    ChunkOverLimit, "chunk-over-limit", 0.7, "The limit has no room for a few chunks of Netty's pool.";
    NeverRecovers, "never-recovers", -1.5, "Allocations fail on and on: what ordinary load takes it gives back.";
    SteadyGrowth, "steady-growth", -2.0, "Memory grows on and on: a larger limit only buys time.";
    // Leaks
    GrowthWithoutClient, "growth-without-client", 2.5, "Memory grows and no client's pushes fail.";
    OwnerNotClient, "owner-not-client", 2.5, "Most of the bytes belong to something that is no client connection.";
    LeakRecords, "leak-records", 3.0, "Netty saw buffers collected that nobody had released.";
    ResidentGrows, "resident-grows", 2.5, "Resident memory grows by more than the JVM accounts for.";
    JvmFlat, "jvm-flat", 2.0, "The JVM's own books do not grow.";
    JvmGrows, "jvm-grows", -3.0, "The JVM's own books explain the growth.";
    // Categories
    CategoryGrows, "category-grows", 2.5, "Its own series rises and goes on rising.";
    MostOfGrowth, "most-of-growth", 1.5, "Most of what the process grew by is in it.";
    LittleOfGrowth, "little-of-growth", -2.0, "Next to nothing of what the process grew by is in it.";
    AllocationRefused, "allocation-refused", 3.0, "An allocation of exactly this memory failed.";
    HeapFull, "heap-full", 2.5, "Collections free next to nothing of a full heap.";
    HeapFullSampled, "heap-full-sampled", 0.8, "A heap that looks full between collections may be full of garbage.";
    OtherLimitFailed, "other-limit-failed", -2.0, "What failed is direct memory, which has a limit of its own.";
    MappingGrows, "mapping-grows", 0.5, "The mappings show where it went.";
    HolderObjects, "holder-objects", 1.0, "Objects that own such memory are alive by the hundred.";
    QueueInKernel, "queue-in-kernel", 1.2, "Bytes sent and never acknowledged wait for it in the kernel.";
    // States and advice
    Observed, "observed", 4.0, "Written in the inputs.";
    Computed, "computed", 3.0, "Follows from figures in the inputs.";
}

/// Confidence from evidence.
#[must_use]
pub fn confidence(evidence: &[Evidence]) -> (f64, f64) {
    let sum = PRIOR + evidence.iter().map(Evidence::contribution).sum::<f64>();
    let p = 1.0 / (1.0 + (-sum).exp());
    let mut sources: Vec<_> = evidence
        .iter()
        .filter(|e| e.contribution() > 0.0)
        .filter_map(|e| e.quote.as_ref().map(|q| q.place.artefact))
        .collect();
    sources.sort_unstable();
    sources.dedup();
    let most = if sources.len() > 1 {
        CONFIDENCE_MAX
    } else {
        LONE_SOURCE_MAX
    };
    ((p.min(most) * 1e4).round() / 1e4, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_one_name_each_and_a_reason() {
        let mut ids: Vec<_> = Weight::ALL.iter().map(|w| w.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Weight::ALL.len());
        assert!(
            Weight::ALL
                .iter()
                .all(|w| w.reason().ends_with('.') && w.log_odds() != 0.0)
        );
    }
}
