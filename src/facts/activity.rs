//! What somebody did, and how often: the unit that log facts are counted in.

use super::quote::Quote;
use super::series::Series;
use crate::units::WallTime;

/// Kinds of events that are counted over time, for a client, a connection or the whole node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Naming push acknowledged; the amount counts those to all subscribers, not to one alone.
    PushOk,
    /// Naming push failed, dated at its sending.
    PushFail,
    /// Naming push refused because the stream's queue is full.
    PushBusy,
    /// Configuration notification failed, dated at its logging.
    ConfigPushFail,
    /// Configuration listener given up.
    ConfigPushGivenUp,
    /// Configuration changes sent out; the amount is the number of listeners.
    ConfigFanOut,
    /// A send failed at once.
    SendFailed,
    /// A send refused because the stream's queue is full.
    SendBusy,
    /// Acknowledged after the time-out.
    LateAck,
    /// Connection's transport ready.
    Connect,
    /// Connection's transport closed.
    Disconnect,
    /// Connection expelled by the server.
    Expelled,
    /// Connection refused.
    Refused,
    /// Request on a connection that is not registered.
    UnknownConnection,
    /// Request handler died.
    RequestFailed,
    /// Instance registered or changed.
    Registration,
    /// Instance deregistered.
    Deregistration,
    /// Configurations listened to; the amount is the number of configurations.
    ConfigListen,
    /// Configuration fetched.
    ConfigGet,
    /// Configuration published.
    ConfigPublish,
    /// Configuration polled over HTTP.
    ConfigPoll,
    /// Login tried.
    Login,
    /// Login refused.
    LoginRefused,
    /// HTTP request.
    Request,
    /// UDP push planned.
    UdpScheduled,
    /// UDP push acknowledged.
    UdpAck,
    /// UDP push given up.
    UdpGivenUp,
    /// Direct memory could not be allocated.
    AllocationFailure,
    /// The request thread pool refused work.
    PoolExhausted,
    /// Delivery to a peer failed.
    DistroFailed,
    /// A push task died before reaching a client.
    PushTaskFailed,
    /// A worker died of an uncaught throwable.
    TaskFailed,
    /// Netty leak record.
    NettyLeak,
    /// A second record of a naming push that is counted already: the time-out behind a failure at once (up to 3.0.2), or the
    /// failure of a UDP push that was given up. With [`Self::PushFail`] all records of failed pushes.
    PushEcho,
    /// Naming push failed by time-out, dated at its sending. Only while reading; then part of [`Self::PushFail`].
    PushTimeout,
    /// UDP push could not be sent.
    UdpSendFailed,
    /// UDP push acknowledged late.
    UdpLateAck,
    /// Push to a fuzzy watcher failed.
    FuzzyPushFail,
    /// Asked to connect elsewhere.
    ResetSent,
    /// Gave no sign of life when asked.
    DetectionFailed,
    /// Connections over a limit were ejected.
    OverLimit,
    /// What a disconnect should have cleaned up was not.
    CleanupFailed,
    /// Refused by a TPS rule.
    TpsOverLimit,
    /// Configuration fetched, told by config-trace.
    ConfigPull,
    /// Configuration changed in the database.
    ConfigChanged,
    /// Request passed through authorisation.
    AuthChecked,
    /// Request denied.
    AuthDenied,
    /// Request without the servers' identity.
    IdentityInvalid,
    /// A worker was busy with one task for over a second; the amount is milliseconds.
    TaskSlow,
    /// A peer's copy of a client differs.
    DistroVerifyFailed,
    /// A peer does not answer.
    PeerUnhealthy,
    /// Raft lost its leader, or cannot reach it.
    RaftTrouble,
    /// A gRPC connection died while it was read.
    TransportFailed,
    /// A thread died of an uncaught throwable.
    Uncaught,
}

impl Signal {
    /// Whether the last event is worth a quotation. The others come by the million.
    #[must_use]
    fn quotes_last(self) -> bool {
        matches!(
            self,
            Self::PushFail
                | Self::PushBusy
                | Self::ConfigPushGivenUp
                | Self::Expelled
                | Self::AllocationFailure
                | Self::NettyLeak
        )
    }
}

/// Events of one kind by one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// How many.
    pub count: u64,
    /// Sum of the amounts the events carry; equals `count` where they carry none.
    pub amount: u64,
    /// Events without a time.
    pub untimed: u64,
    /// The timed ones over time.
    pub series: Series,
    /// The earliest, quoted.
    pub first: Option<Quote>,
    /// The latest; quoted for failures.
    pub last: Option<Quote>,
}

impl Activity {
    /// Nothing yet; the series will hold at most `buckets`.
    #[must_use]
    pub fn new(buckets: usize) -> Self {
        Self {
            count: 0,
            amount: 0,
            untimed: 0,
            series: Series::new(buckets),
            first: None,
            last: None,
        }
    }

    /// Counts one event that stands in `quote` and happened at `time`.
    pub fn add(
        &mut self,
        signal: Signal,
        time: Option<WallTime>,
        amount: u64,
        quote: &QuoteText<'_>,
    ) {
        self.count += 1;
        self.amount = self.amount.saturating_add(amount);
        match time {
            Some(t) => self.series.add(t, 1),
            None => self.untimed += 1,
        }
        if self.first.as_ref().is_none_or(|q| quote.before(time, q)) {
            self.first = Some(quote.keep(time, true));
        }
        match &mut self.last {
            // What has no time is not the latest of anything, wherever it stands.
            Some(q) if q.time.is_none() && time.is_some() => {
                quote.replace(time, signal.quotes_last(), q);
            }
            Some(q) if quote.before(time, q) || time.is_none() && q.time.is_some() => {}
            Some(q) => quote.replace(time, signal.quotes_last(), q),
            None => self.last = Some(quote.keep(time, signal.quotes_last())),
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.amount = self.amount.saturating_add(other.amount);
        self.untimed += other.untimed;
        self.series.merge(other.series);
        self.first = match (self.first.take(), other.first) {
            (Some(a), Some(b)) => Some(if b.key() < a.key() { b } else { a }),
            (a, b) => a.or(b),
        };
        self.last = match (self.last.take(), other.last) {
            (Some(a), Some(b)) => {
                let later = |q: &Quote| (q.time.is_some(), q.time, q.place);
                Some(if later(&b) < later(&a) { a } else { b })
            }
            (a, b) => a.or(b),
        };
    }

    /// When the first event happened.
    #[must_use]
    pub fn first_time(&self) -> Option<WallTime> {
        self.first.as_ref().and_then(|q| q.time)
    }

    /// When the last event happened.
    #[must_use]
    pub fn last_time(&self) -> Option<WallTime> {
        self.last.as_ref().and_then(|q| q.time)
    }
}

pub use super::quote::QuoteText;

/// Activities by signal: a handful for each subject, so a sorted list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activities(Vec<(Signal, Activity)>);

impl Activities {
    /// The activity of one kind, made if need be.
    pub fn entry(&mut self, signal: Signal, buckets: usize) -> &mut Activity {
        let at = match self.0.iter().position(|(s, _)| *s >= signal) {
            Some(i) if self.0[i].0 == signal => i,
            found => {
                let i = found.unwrap_or(self.0.len());
                // Most subjects have one kind, and there may be a hundred thousand of them.
                self.0.reserve_exact(1);
                self.0.insert(i, (signal, Activity::new(buckets)));
                i
            }
        };
        &mut self.0[at].1
    }

    /// Takes the activity of one kind out.
    pub fn take(&mut self, signal: Signal) -> Option<Activity> {
        let at = self.0.iter().position(|(s, _)| *s == signal)?;
        Some(self.0.remove(at).1)
    }

    /// The activity of one kind.
    #[must_use]
    pub fn get(&self, signal: Signal) -> Option<&Activity> {
        self.0.iter().find(|(s, _)| *s == signal).map(|(_, a)| a)
    }

    /// How many events of one kind.
    #[must_use]
    pub fn count(&self, signal: Signal) -> u64 {
        self.get(signal).map_or(0, |a| a.count)
    }

    /// Sum of the amounts of one kind.
    #[must_use]
    pub fn amount(&self, signal: Signal) -> u64 {
        self.get(signal).map_or(0, |a| a.amount)
    }

    /// All, by signal.
    pub fn iter(&self) -> impl Iterator<Item = (Signal, &Activity)> {
        self.0.iter().map(|(s, a)| (*s, a))
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        for (signal, activity) in other.0 {
            let limit = activity.series.limit();
            self.entry(signal, limit).merge(activity);
        }
    }
}
