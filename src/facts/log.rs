//! What the logs of one node say, counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::activity::{Activities, Signal};
use super::echo::{self, Echoes, FewFailures};
use super::logins::Logins;
use super::quote::{Quote, QuoteText};
use super::series::{CLIENT_BUCKETS, NODE_BUCKETS, Series};
use crate::parse::access::Access;
use crate::parse::cut;
use crate::parse::failure::{Failure, Side};
use crate::parse::statement::banner::BannerField;
use crate::parse::statement::{ConnectionId, Event, MetaText, PushFailure, ServiceText};
use crate::span::ArtefactId;
use crate::units::{Address, WallTime};

/// Hash map with a fast hasher. Never iterated for output: everything shown is sorted first.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// One gRPC connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Transport ready.
    pub ready: Option<WallTime>,
    /// Transport closed.
    pub closed: Option<WallTime>,
    /// Registered with Nacos.
    pub registered: Option<WallTime>,
    /// Forgotten by Nacos; the transport may still be open.
    pub unregistered: Option<WallTime>,
    /// Expelled by the server.
    pub expelled: Option<WallTime>,
    /// What the client says of itself.
    pub meta: Option<Meta>,
    /// Events on this connection.
    pub activities: Activities,
}

/// A client's own description.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meta {
    /// The address it declares.
    pub declared: Option<Address>,
    /// `Nacos-Java-Client:v2.2.3`
    pub version: String,
    /// Application, empty when it says none.
    pub app: String,
    /// `naming` or `config`.
    pub module: String,
    /// A peer of the cluster, not an application.
    pub cluster: bool,
}

impl Meta {
    fn read(m: &MetaText<'_>) -> Self {
        let text = |t: &[u8]| String::from_utf8_lossy(t).into_owned();
        Self {
            declared: (!m.client_ip.is_empty() && m.client_ip != b"null")
                .then(|| Address::read(m.client_ip)),
            version: text(m.version),
            app: if matches!(m.app, b"-" | b"null" | b"unknown") {
                String::new()
            } else {
                text(m.app)
            },
            module: text(m.module),
            cluster: m.source == b"cluster",
        }
    }
}

fn earliest(a: Option<WallTime>, b: Option<WallTime>) -> Option<WallTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn latest(a: Option<WallTime>, b: Option<WallTime>) -> Option<WallTime> {
    a.max(b)
}

impl Connection {
    fn merge(&mut self, other: Self) {
        self.ready = earliest(self.ready, other.ready);
        self.closed = latest(self.closed, other.closed);
        self.registered = earliest(self.registered, other.registered);
        self.unregistered = latest(self.unregistered, other.unregistered);
        self.expelled = latest(self.expelled, other.expelled);
        self.meta = self.meta.take().max(other.meta);
        self.activities.merge(other.activities);
    }
}

/// Pushes of one naming service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Acknowledged pushes.
    pub ok: u64,
    /// Failed pushes.
    pub failed: u64,
    /// Smallest and largest revision seen.
    pub revisions: Option<(u64, u64)>,
    /// Most instances in one push.
    pub instances: u64,
    /// Instances registered, changed or removed.
    pub changes: u64,
    /// Pushes over time.
    pub activities: Activities,
    /// Failed pushes by client.
    pub failed_by: BTreeMap<Address, u64>,
}

impl Service {
    pub(super) fn merge(&mut self, o: Self) {
        self.ok += o.ok;
        self.failed += o.failed;
        self.revisions = match (self.revisions, o.revisions) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.instances = self.instances.max(o.instances);
        self.changes += o.changes;
        self.activities.merge(o.activities);
        for (client, n) in o.failed_by {
            *self.failed_by.entry(client).or_default() += n;
        }
    }

    fn saw_revision(&mut self, r: u64) {
        self.revisions = Some(self.revisions.map_or((r, r), |(a, b)| (a.min(r), b.max(r))));
    }

    /// How many pushes one change of the service set off, on average.
    #[must_use]
    pub fn fan_out(&self) -> f64 {
        let changes = self.revisions.map_or(1, |(a, b)| b - a + 1);
        (self.ok + self.failed) as f64 / changes as f64
    }
}

/// One distinct allocation failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureFacts {
    /// Distinct failures: header line, throwable and `Caused by` of one are one.
    pub count: u64,
    /// Physical lines that carry the text.
    pub mentions: u64,
    /// Over time, the earliest and the latest quoted.
    pub activity: super::activity::Activity,
    /// Where it is told.
    pub artefacts: BTreeSet<ArtefactId>,
}

impl FailureFacts {
    fn merge(&mut self, o: Self) {
        self.count += o.count;
        self.mentions += o.mentions;
        self.activity.merge(o.activity);
        self.artefacts.extend(o.artefacts);
    }
}

/// Something that begins or ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// `Starting Nacos … with PID`
    Starting,
    /// gRPC port opens.
    RpcUp,
    /// `Nacos started successfully`
    Started,
    /// Orderly shutdown begins.
    Stopping,
    /// gRPC port closes.
    RpcDown,
}

/// A start or stop of the server process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which.
    pub kind: MarkKind,
    /// Its process id, where told.
    pub pid: Option<u64>,
    /// Nacos release, where told.
    pub version: Option<String>,
    /// Java version, where told.
    pub java: Option<String>,
    /// The line.
    pub quote: Quote,
}

/// What a text says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerKey {
    /// Nacos release.
    Version,
    /// `stand alone`, `cluster`.
    Mode,
    /// HTTP port.
    Port,
    /// Process id.
    Pid,
    /// Address of the console; the node's own address stands in it.
    Console,
    /// `embedded`, `external`: where configurations are stored.
    Storage,
    /// Members the node starts with.
    Members,
}

impl From<BannerField> for ServerKey {
    fn from(f: BannerField) -> Self {
        match f {
            BannerField::Version => Self::Version,
            BannerField::Mode => Self::Mode,
            BannerField::Port => Self::Port,
            BannerField::Pid => Self::Pid,
            BannerField::Console => Self::Console,
        }
    }
}

/// Something said of the server, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFact {
    /// What.
    pub key: ServerKey,
    /// The value as written, without `mode`.
    pub value: String,
    /// The line. Banners have no time: what follows them in their file belongs to the same start.
    pub quote: Quote,
}

/// Where an offset from UTC was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockSource {
    /// A connection id holds the instant, the line the local time.
    ConnectionId,
    /// An access log prints its offset.
    AccessLog,
    /// A GC log prints its offset.
    GcLog,
}

/// How often one offset was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockEvidence {
    /// Lines.
    pub count: u64,
    /// The first.
    pub first: Quote,
}

/// Everything counted from logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// By the address a client declares (or the peer's, for HTTP).
    pub clients: Map<Address, Activities>,
    /// By connection id.
    pub connections: Map<ConnectionId, Connection>,
    /// By the text of the service.
    pub services: Map<Box<[u8]>, Service>,
    /// Changes of configurations, by `dataId+group[+tenant]`.
    pub configs: Map<Box<[u8]>, ConfigChanges>,
    /// The whole node, whoever caused it.
    pub totals: Activities,
    /// Allocation failures by text.
    pub failures: BTreeMap<Failure, FailureFacts>,
    /// Reasons of failed pushes, numbers masked.
    pub reasons: BTreeMap<String, u64>,
    /// Reasons of failed pushes, by kind.
    pub reason_kinds: BTreeMap<PushFailure, u64>,
    /// Failed pushes by client, while they are few: until [`Self::settle`] has told echoes from failures.
    few_failures: Map<Address, FewFailures>,
    /// Logins by address, user, status and second.
    pub logins: Logins,
    /// Attempts by user that logs without an address tell (LDAP).
    pub login_users: BTreeMap<Box<[u8]>, u64>,
    /// Why requests were denied.
    pub denied_reasons: BTreeMap<String, u64>,
    /// Requests passed and refused by TPS point.
    pub tps: BTreeMap<Box<[u8]>, TpsPoint>,
    /// HTTP requests by status.
    pub request_status: BTreeMap<u16, u64>,
    /// Starts and stops.
    pub marks: Vec<Mark>,
    /// Release, mode, port, process id and address, wherever a log states them; in order of [`Quote::place`].
    pub server: Vec<ServerFact>,
    /// Offsets from UTC.
    pub clock: BTreeMap<(ClockSource, i32), ClockEvidence>,
    /// Most connections in a census, and the last count.
    pub census_max: Option<u64>,
    /// Last count of connections, with its time.
    pub census_last: Option<(WallTime, u64)>,
    /// Most configuration notifications waiting.
    pub config_queue_max: Option<(u64, Quote)>,
    /// Most subscribers in the naming figures.
    pub subscribers_max: Option<u64>,
    /// Most services in the naming figures.
    pub services_max: Option<u64>,
    /// Most instances in the naming figures.
    pub instances_max: Option<u64>,
    /// Most pushes, and most failed ones, since midnight in the naming figures.
    pub pushes_max: (Option<u64>, Option<u64>),
    /// Most tasks that waited in all naming workers, and most in one.
    pub task_backlog_max: Option<(u64, u64, Quote)>,
    /// Most requests that waited when the request thread pool refused one: requests, threads.
    pub pool_max: Option<(u64, u64, Quote)>,
    /// Largest snapshot of a peer's data, in bytes.
    pub snapshot_max: Option<(u64, Quote)>,
}

/// What the reports of a TPS point add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TpsPoint {
    /// Requests let through.
    pub passed: u64,
    /// Requests refused.
    pub denied: u64,
    /// Most of one second, both kinds.
    pub peak: u64,
}

/// Points of TPS reports; there are some thirty.
const TPS_POINTS_MAX: usize = 512;

/// Changes of one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfigChanges {
    /// How many were sent out.
    pub changes: u64,
    /// To how many listeners in all.
    pub notified: u64,
}

/// Configurations counted one by one; beyond these only the sum is known.
const CONFIGS_MAX: usize = 100_000;

/// Reasons of denied requests and users kept.
const TEXTS_MAX: usize = 4096;

/// The larger of two, of equals the one whose place comes first.
fn larger<T: Ord>(a: Option<(T, Quote)>, b: Option<(T, Quote)>) -> Option<(T, Quote)> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let b_wins = b.0 > a.0 || (b.0 == a.0 && b.1.key() < a.1.key());
            Some(if b_wins { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

fn larger2(
    a: Option<(u64, u64, Quote)>,
    b: Option<(u64, u64, Quote)>,
) -> Option<(u64, u64, Quote)> {
    let nest = |x: Option<(u64, u64, Quote)>| x.map(|(n, m, q)| ((n, m), q));
    larger(nest(a), nest(b)).map(|((n, m), q)| (n, m, q))
}

fn count_text(map: &mut BTreeMap<String, u64>, text: String) {
    if map.len() < TEXTS_MAX || map.contains_key(&text) {
        *map.entry(text).or_default() += 1;
    }
}

/// Longest time a push is dated back by.
pub(super) const MOST_COST_MS: i64 = 600_000;

/// Reason texts are free; more than these are counted as one.
const REASONS_MAX: usize = 4096;

/// Characters of a reason that are looked at.
pub(super) const REASON_LENGTH: usize = 160;

/// Text of a reason with every run of digits as `N`, cut to a length that still tells.
pub(super) fn mask_numbers(reason: &[u8]) -> String {
    let mut out = String::with_capacity(REASON_LENGTH);
    let mut in_number = false;
    let mut push = |c: char| {
        let digit = c.is_ascii_digit();
        if !digit {
            out.push(c);
        } else if !in_number {
            out.push('N');
        }
        in_number = digit;
    };
    if reason.is_ascii() {
        let text = String::from_utf8_lossy(reason);
        text.trim()
            .bytes()
            .take(REASON_LENGTH)
            .for_each(|b| push(char::from(b)));
    } else {
        let text = String::from_utf8_lossy(reason);
        text.trim().chars().take(REASON_LENGTH).for_each(push);
    }
    out
}

/// A record being read.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// When it was written.
    pub time: Option<WallTime>,
    /// Where it stands and its first line.
    pub quote: QuoteText<'a>,
}

impl LogFacts {
    fn client(&mut self, text: &[u8]) -> &mut Activities {
        self.clients.entry(Address::read(text)).or_default()
    }

    fn count_client(
        &mut self,
        text: &[u8],
        signal: Signal,
        time: Option<WallTime>,
        amount: u64,
        line: &Line<'_>,
    ) {
        self.client(text)
            .entry(signal, CLIENT_BUCKETS)
            .add(signal, time, amount, &line.quote);
        self.total(signal, time, amount, line);
    }

    fn count_connection(&mut self, id: ConnectionId, signal: Signal, line: &Line<'_>) {
        self.connections
            .entry(id)
            .or_default()
            .activities
            .entry(signal, CLIENT_BUCKETS)
            .add(signal, line.time, 1, &line.quote);
        self.total(signal, line.time, 1, line);
    }

    fn total(&mut self, signal: Signal, time: Option<WallTime>, amount: u64, line: &Line<'_>) {
        self.totals
            .entry(signal, NODE_BUCKETS)
            .add(signal, time, amount, &line.quote);
    }

    fn service(&mut self, s: ServiceText<'_>) -> &mut Service {
        if !self.services.contains_key(s.0) {
            self.services.insert(s.0.into(), Service::default());
        }
        self.services.entry(s.0.into()).or_default()
    }

    fn push_service(
        &mut self,
        s: ServiceText<'_>,
        revision: u64,
        time: Option<WallTime>,
        signal: Signal,
        line: &Line<'_>,
    ) -> &mut Service {
        if !self.services.contains_key(s.0) {
            self.services.insert(s.0.into(), Service::default());
        }
        let Some(service) = self.services.get_mut(s.0) else {
            unreachable!("inserted above")
        };
        service.saw_revision(revision);
        service
            .activities
            .entry(signal, CLIENT_BUCKETS)
            .add(signal, time, 1, &line.quote);
        service
    }

    /// Counts a reason of failed pushes, its numbers masked.
    pub(super) fn add_reason(&mut self, mut masked: String, n: u64) {
        // Text of a client: only what is new is looked through for secrets.
        if !self.reasons.contains_key(&masked) {
            let clean = super::quote::clean(masked.as_bytes());
            masked = String::from_utf8_lossy(&clean).into_owned();
        }
        if self.reasons.len() < REASONS_MAX || self.reasons.contains_key(&masked) {
            *self.reasons.entry(masked).or_default() += n;
        } else {
            *self.reasons.entry("(other)".to_owned()).or_default() += n;
        }
    }

    /// Adds failed pushes of a client, while they are few.
    pub(super) fn add_few_failures(&mut self, client: Address, few: FewFailures) {
        self.few_failures.entry(client).or_default().merge(few);
    }

    /// Counts what a statement says.
    pub fn add(&mut self, event: Event<'_>, line: &Line<'_>) {
        let time = line.time;
        match event {
            Event::PushOk {
                client,
                service,
                revision,
                instances,
                alone,
                ..
            } => {
                self.count_client(client, Signal::PushOk, time, u64::from(!alone), line);
                let s = self.push_service(service, revision, time, Signal::PushOk, line);
                s.ok += 1;
                s.instances = s.instances.max(instances);
            }
            Event::PushFail {
                client,
                service,
                revision,
                cost_ms,
                reason,
            } => {
                // Written when the time-out ends: the push itself is that much older.
                let cost = i64::try_from(cost_ms).unwrap_or(0).min(MOST_COST_MS);
                let time = time.map(|t| t.minus_ms(cost));
                let kind = PushFailure::of_reason(reason);
                *self.reason_kinds.entry(kind).or_default() += 1;
                let signal = match kind {
                    PushFailure::Timeout => Signal::PushTimeout,
                    PushFailure::NoAck => Signal::PushEcho,
                    _ => Signal::PushFail,
                };
                self.count_client(client, signal, time, 1, line);
                if signal != Signal::PushEcho
                    && let Some(t) = time
                {
                    self.few_failures
                        .entry(Address::read(client))
                        .or_default()
                        .add(service.0, t, signal == Signal::PushTimeout);
                }
                if kind == PushFailure::Busy {
                    self.count_client(client, Signal::PushBusy, time, 1, line);
                }
                self.add_reason(mask_numbers(reason), 1);
                // Of UDP the service's own failure: its give-up names none.
                let signal = if signal == Signal::PushEcho {
                    Signal::PushFail
                } else {
                    signal
                };
                let service = self.push_service(service, revision, time, signal, line);
                *service.failed_by.entry(Address::read(client)).or_default() += 1;
            }
            Event::PushTaskFailed => self.total(Signal::PushTaskFailed, time, 1, line),
            Event::ConfigFanOut { clients, group_key } => {
                self.total(Signal::ConfigFanOut, time, clients, line);
                if self.configs.len() < CONFIGS_MAX || self.configs.contains_key(group_key) {
                    let c = self.configs.entry(group_key.into()).or_default();
                    c.changes += 1;
                    c.notified = c.notified.saturating_add(clients);
                }
            }
            Event::ConfigPushFail { connection } => {
                self.maybe_connection(connection, Signal::ConfigPushFail, line)
            }
            Event::ConfigPushGivenUp { connection } => {
                self.maybe_connection(connection, Signal::ConfigPushGivenUp, line);
            }
            Event::SendFailed { connection, busy } => {
                if busy {
                    self.count_connection(connection.clone(), Signal::SendBusy, line);
                }
                self.count_connection(connection, Signal::SendFailed, line);
            }
            Event::LateAck { connection } => {
                self.count_connection(connection, Signal::LateAck, line)
            }
            Event::TransportReady { connection } => {
                if let Some(t) = time {
                    self.saw_clock(&connection, t, line);
                }
                self.count_connection(connection.clone(), Signal::Connect, line);
                let c = self.connections.entry(connection).or_default();
                c.ready = earliest(c.ready, time);
            }
            Event::TransportClosed { connection } => {
                self.count_connection(connection.clone(), Signal::Disconnect, line);
                let c = self.connections.entry(connection).or_default();
                c.closed = latest(c.closed, time);
            }
            Event::Registered { connection, meta } => {
                let c = self.connections.entry(connection).or_default();
                c.registered = earliest(c.registered, time);
                c.meta = c.meta.take().max(Some(Meta::read(&meta)));
            }
            Event::Unregistered { connection } => {
                let c = self.connections.entry(connection).or_default();
                c.unregistered = latest(c.unregistered, time);
            }
            Event::RegisterRefused { connection } => {
                self.count_connection(connection, Signal::Refused, line)
            }
            Event::Expelled { connection } => {
                self.count_connection(connection.clone(), Signal::Expelled, line);
                let c = self.connections.entry(connection).or_default();
                c.expelled = latest(c.expelled, time);
            }
            Event::UnknownConnection { connection } => {
                self.count_connection(connection, Signal::UnknownConnection, line);
            }
            Event::RequestFailed { connection } => {
                self.maybe_connection(connection, Signal::RequestFailed, line)
            }
            Event::Census { total, .. } => {
                self.census_max = self.census_max.max(Some(total));
                if let Some(t) = time {
                    self.census_last = self.census_last.max(Some((t, total)));
                }
            }
            Event::InstanceChanged { client, service } => {
                self.publisher(client, Signal::Registration, line);
                self.service(service).changes += 1;
            }
            Event::InstanceRemoved { client, service } => {
                self.publisher(client, Signal::Deregistration, line);
                self.service(service).changes += 1;
            }
            Event::UdpGivenUp { client } => {
                self.count_client(client, Signal::UdpGivenUp, time, 1, line)
            }
            Event::UdpScheduled { client } => {
                self.count_client(client, Signal::UdpScheduled, time, 1, line)
            }
            Event::UdpAcked { client } => self.count_client(client, Signal::UdpAck, time, 1, line),
            Event::ConfigListen { client, size, on } => {
                if on {
                    self.maybe_client_amount(Some(client), Signal::ConfigListen, size, line);
                }
            }
            Event::ConfigGet { client } => self.maybe_client(Some(client), Signal::ConfigGet, line),
            Event::ConfigPublish { client } => {
                self.maybe_client(Some(client), Signal::ConfigPublish, line)
            }
            Event::ConfigPoll { client } => {
                self.maybe_client(Some(client), Signal::ConfigPoll, line)
            }
            Event::LoginRefused { client } => {
                self.maybe_client(client, Signal::LoginRefused, line);
            }
            Event::LoginTried { user } => {
                self.total(Signal::Login, time, 1, line);
                let user = &user[..user.len().min(128)];
                if self.login_users.len() < TEXTS_MAX || self.login_users.contains_key(user) {
                    *self.login_users.entry(user.into()).or_default() += 1;
                }
            }
            Event::AuthChecked => self.total(Signal::AuthChecked, time, 1, line),
            Event::AuthDenied { client, reason } => {
                self.maybe_client(client, Signal::AuthDenied, line);
                if !reason.is_empty() {
                    count_text(
                        &mut self.denied_reasons,
                        mask_numbers(&super::quote::clean(reason)),
                    );
                }
            }
            Event::IdentityInvalid { client } => {
                self.count_client(client, Signal::IdentityInvalid, time, 1, line);
            }
            Event::UdpSendFailed { client } => {
                self.maybe_client(client, Signal::UdpSendFailed, line);
            }
            Event::UdpLateAck { client } => {
                self.count_client(client, Signal::UdpLateAck, time, 1, line);
            }
            Event::FuzzyPushFail { connection } => {
                self.maybe_connection(connection, Signal::FuzzyPushFail, line);
            }
            Event::ResetSent { connection } => {
                self.count_connection(connection, Signal::ResetSent, line);
            }
            Event::DetectionFailed { connection, busy } => {
                if busy {
                    self.count_connection(connection.clone(), Signal::SendBusy, line);
                }
                self.count_connection(connection, Signal::DetectionFailed, line);
            }
            Event::TpsOverLimit { connection } => {
                self.maybe_connection(connection, Signal::TpsOverLimit, line);
            }
            Event::TpsReport { lines } => self.add_tps(lines),
            Event::OverLimit => self.total(Signal::OverLimit, time, 1, line),
            Event::CleanupFailed => self.total(Signal::CleanupFailed, time, 1, line),
            Event::ConfigPull { client } => {
                self.maybe_client(Some(client), Signal::ConfigPull, line);
            }
            Event::ConfigChanged => self.total(Signal::ConfigChanged, time, 1, line),
            Event::InstancesAdded { count } => self.total(Signal::Registration, time, count, line),
            Event::InstancesGone { count } => self.total(Signal::Deregistration, time, count, line),
            Event::TaskBacklog { all, most } => {
                let q = line.quote.keep(time, all > 0);
                self.task_backlog_max = larger2(self.task_backlog_max.take(), Some((all, most, q)));
            }
            Event::TaskSlow { ms } => self.total(Signal::TaskSlow, time, ms, line),
            Event::DistroVerifyFailed => self.total(Signal::DistroVerifyFailed, time, 1, line),
            Event::DistroSnapshot { bytes } => {
                let q = line.quote.keep(time, true);
                self.snapshot_max = larger(self.snapshot_max.take(), Some((bytes, q)));
            }
            Event::PeerUnhealthy => self.total(Signal::PeerUnhealthy, time, 1, line),
            Event::RaftTrouble => self.total(Signal::RaftTrouble, time, 1, line),
            Event::TransportFailed => self.total(Signal::TransportFailed, time, 1, line),
            Event::Uncaught => self.total(Signal::Uncaught, time, 1, line),
            Event::ServerStarting { version, pid, java } => {
                self.mark(MarkKind::Starting, pid, version, java, line);
            }
            Event::ServerStarted { mode, storage } => {
                self.mark(MarkKind::Started, None, None, None, line);
                for (key, value) in [(ServerKey::Mode, mode), (ServerKey::Storage, storage)] {
                    if let Some(v) = value {
                        self.add_server(key, v, time, &line.quote);
                    }
                }
            }
            Event::Members { list } => {
                self.add_server(ServerKey::Members, list, time, &line.quote);
            }
            Event::ServerStopping => self.mark(MarkKind::Stopping, None, None, None, line),
            Event::RpcServer { up } => {
                let kind = if up {
                    MarkKind::RpcUp
                } else {
                    MarkKind::RpcDown
                };
                self.mark(kind, None, None, None, line);
            }
            Event::NamingFigures {
                services,
                instances,
                subscribers,
                pushes,
                failed,
            } => {
                self.services_max = self.services_max.max(Some(services));
                self.instances_max = self.instances_max.max(Some(instances));
                self.subscribers_max = self.subscribers_max.max(subscribers);
                self.pushes_max.0 = self.pushes_max.0.max(pushes);
                self.pushes_max.1 = self.pushes_max.1.max(failed);
            }
            Event::ConfigQueue { waiting } => {
                let more = self.config_queue_max.as_ref().is_none_or(|(n, q)| {
                    waiting > *n || (waiting == *n && line.quote.before(time, q))
                });
                if more {
                    self.config_queue_max = Some((waiting, line.quote.keep(time, true)));
                }
            }
            Event::PoolExhausted { pool, queued, .. } => {
                self.total(Signal::PoolExhausted, time, 1, line);
                let q = line.quote.keep(time, true);
                let figures = (queued.unwrap_or(0), pool.unwrap_or(0), q);
                self.pool_max = larger2(self.pool_max.take(), Some(figures));
            }
            Event::DistroFailed => self.total(Signal::DistroFailed, time, 1, line),
            Event::NettyLeak => self.total(Signal::NettyLeak, time, 1, line),
            Event::TaskFailed => self.total(Signal::TaskFailed, time, 1, line),
            Event::ClientAdded { .. } | Event::ClientRemoved { .. } | Event::Known => {}
        }
    }

    fn maybe_connection(
        &mut self,
        connection: Option<ConnectionId>,
        signal: Signal,
        line: &Line<'_>,
    ) {
        match connection {
            Some(id) => self.count_connection(id, signal, line),
            None => self.total(signal, line.time, 1, line),
        }
    }

    /// Some lines name nobody, and some print `null`.
    fn maybe_client(&mut self, client: Option<&[u8]>, signal: Signal, line: &Line<'_>) {
        self.maybe_client_amount(client, signal, 1, line);
    }

    fn maybe_client_amount(
        &mut self,
        client: Option<&[u8]>,
        signal: Signal,
        amount: u64,
        line: &Line<'_>,
    ) {
        match client {
            Some(c) if !c.is_empty() && c != b"null" => {
                self.count_client(c, signal, line.time, amount, line);
            }
            _ => self.total(signal, line.time, amount, line),
        }
    }

    /// `point|point|SECONDS|time|passed|refused[|]` line by line; rows of monitor keys have another second column and are
    /// part of their point's.
    fn add_tps(&mut self, lines: &[u8]) {
        for l in lines.split(|&b| b == b'\n') {
            let mut columns = l.trim_ascii().split(|&b| b == b'|');
            let (Some(point), Some(b"point"), Some(_), Some(_), Some(passed), Some(denied)) = (
                columns.next(),
                columns.next(),
                columns.next(),
                columns.next(),
                columns.next().and_then(cut::whole_number),
                columns.next().and_then(cut::whole_number),
            ) else {
                continue;
            };
            if self.tps.len() < TPS_POINTS_MAX || self.tps.contains_key(point) {
                let p = self.tps.entry(point.into()).or_default();
                p.passed = p.passed.saturating_add(passed);
                p.denied = p.denied.saturating_add(denied);
                p.peak = p.peak.max(passed.saturating_add(denied));
            }
        }
    }

    /// A naming client id: a connection, or `ip:port#ephemeral` of an HTTP client.
    fn publisher(&mut self, client: &[u8], signal: Signal, line: &Line<'_>) {
        match ConnectionId::read(client) {
            Some(id) => self.count_connection(id, signal, line),
            None => {
                let address = memchr::memrchr(b':', client).map_or(client, |i| &client[..i]);
                self.count_client(address, signal, line.time, 1, line);
            }
        }
    }

    /// The connection id holds the instant at which the line was about to be written.
    fn saw_clock(&mut self, id: &ConnectionId, t: WallTime, line: &Line<'_>) {
        if let Some(minutes) = offset_of(id, t) {
            self.saw_offset(ClockSource::ConnectionId, minutes, Some(t), line);
        }
    }

    fn saw_offset(
        &mut self,
        source: ClockSource,
        minutes: i32,
        t: Option<WallTime>,
        line: &Line<'_>,
    ) {
        match self.clock.get_mut(&(source, minutes)) {
            Some(e) => {
                e.count += 1;
                if line.quote.before(t, &e.first) {
                    line.quote.replace(t, true, &mut e.first);
                }
            }
            None => {
                self.clock.insert(
                    (source, minutes),
                    ClockEvidence {
                        count: 1,
                        first: line.quote.keep(t, true),
                    },
                );
            }
        }
    }

    /// An offset printed by a GC log.
    pub fn saw_gc_offset(&mut self, minutes: i32, line: &Line<'_>) {
        self.saw_offset(ClockSource::GcLog, minutes, line.time, line);
    }

    /// Notes what a line says of the server.
    pub fn add_server(
        &mut self,
        key: ServerKey,
        value: &[u8],
        time: Option<WallTime>,
        quote: &QuoteText<'_>,
    ) {
        /// Far more than a directory's history of restarts.
        const SERVER_MAX: usize = 10_000;
        if self.server.len() < SERVER_MAX {
            let value = String::from_utf8_lossy(&value[..value.len().min(256)]);
            let value = value.trim();
            self.server.push(ServerFact {
                key,
                value: value.strip_suffix(" mode").unwrap_or(value).to_owned(),
                quote: quote.keep(time, true),
            });
        }
    }

    /// Notes a start or stop.
    fn mark(
        &mut self,
        kind: MarkKind,
        pid: Option<u64>,
        version: Option<&[u8]>,
        java: Option<&[u8]>,
        line: &Line<'_>,
    ) {
        /// Far more than a directory's history of restarts; a hostile file must not grow it for ever.
        const MARKS_MAX: usize = 10_000;
        if self.marks.len() < MARKS_MAX {
            let text = |t: &[u8]| String::from_utf8_lossy(t).into_owned();
            self.marks.push(Mark {
                kind,
                pid,
                version: version.map(text),
                java: java.map(text),
                quote: line.quote.keep(line.time, true),
            });
        }
    }

    /// Counts one request of an access log.
    pub fn add_access(&mut self, a: &Access<'_>, line: &Line<'_>) {
        self.saw_offset(ClockSource::AccessLog, a.offset_minutes, line.time, line);
        *self.request_status.entry(a.status).or_default() += 1;
        self.count_client(a.host, Signal::Request, line.time, 1, line);
        if a.is_login() {
            self.count_client(a.host, Signal::Login, line.time, 1, line);
            self.logins
                .add(Address::read(a.host), a.user(), a.status, line.time);
        }
    }

    /// Counts the failures worded in one record: `lines` holds, for each physical line that words any, what it words.
    pub fn add_failures(
        &mut self,
        lines: &[(Vec<Failure>, QuoteText<'_>)],
        time: Option<WallTime>,
    ) {
        let mut seen: Vec<&Failure> = Vec::new();
        for (failures, quote) in lines {
            for f in failures {
                // A class-less repetition of a failure of this record is the same one.
                let known = seen.iter().find(|s| same_failure(s, f)).copied();
                let key = known.unwrap_or(f);
                let entry = self
                    .failures
                    .entry(key.clone())
                    .or_insert_with(|| FailureFacts {
                        count: 0,
                        mentions: 0,
                        activity: super::activity::Activity::new(CLIENT_BUCKETS),
                        artefacts: BTreeSet::new(),
                    });
                entry.mentions += 1;
                entry.artefacts.insert(quote.place.artefact);
                if known.is_none() {
                    entry.count += 1;
                    entry
                        .activity
                        .add(Signal::AllocationFailure, time, 1, quote);
                    if f.kind.is_direct() && f.side == Side::Server {
                        self.totals
                            .entry(Signal::AllocationFailure, NODE_BUCKETS)
                            .add(Signal::AllocationFailure, time, 1, quote);
                    }
                    seen.push(f);
                }
            }
        }
    }

    /// Puts in order what was collected in the order of reading, and counts pushes that have two records once. To be called
    /// when everything has been merged.
    pub fn settle(&mut self) {
        self.marks.sort_by_key(|m| (m.quote.key(), m.kind));
        self.server.sort_by_key(|f| (f.quote.place, f.key));
        self.join_classless();
        let echoes = self.writes_echoes();
        let few = std::mem::take(&mut self.few_failures);
        // What could be matched one by one, over all clients and by service.
        let mut all = Series::new(NODE_BUCKETS);
        let mut by_service: BTreeMap<u64, Series> = BTreeMap::new();
        let mut inferred = false;
        let (mut failed, mut echo) = (0, 0);
        // Sums: the order does not matter.
        self.clients.iter_mut().for_each(|(address, activities)| {
            let known = if echoes {
                match few.get(address).map(FewFailures::echoes) {
                    Some(Some(list)) => {
                        let mut series = Series::new(CLIENT_BUCKETS);
                        for (service, t) in list {
                            series.add(t, 1);
                            all.add(t, 1);
                            by_service
                                .entry(service)
                                .or_insert_with(|| Series::new(CLIENT_BUCKETS))
                                .add(t, 1);
                        }
                        Echoes::Told(series)
                    }
                    Some(None) => {
                        inferred = true;
                        Echoes::Inferred
                    }
                    None => Echoes::None,
                }
            } else {
                Echoes::None
            };
            echo::join(activities, known);
            failed += activities.count(Signal::PushFail);
            echo += activities.count(Signal::PushEcho);
        });
        let known = |told: Series| match (echoes, inferred) {
            (false, _) => Echoes::None,
            (true, true) => Echoes::Inferred,
            (true, false) => Echoes::Told(told),
        };
        echo::join(&mut self.totals, known(all));
        for (signal, n) in [(Signal::PushFail, failed), (Signal::PushEcho, echo)] {
            if n > 0 || self.totals.get(signal).is_some() {
                let total = self.totals.entry(signal, NODE_BUCKETS);
                total.count = n;
                total.amount = n;
            }
        }
        self.services.iter_mut().for_each(|(name, service)| {
            let told = by_service.get(&echo::service_hash(name)).cloned();
            let told = told.unwrap_or_else(|| Series::new(CLIENT_BUCKETS));
            echo::join(&mut service.activities, known(told));
            service.failed = service.activities.count(Signal::PushFail);
        });
    }

    /// Whether a failure at once is followed by a time-out of the same push: not from 3.0.3 on.
    fn writes_echoes(&self) -> bool {
        let releases: Vec<(u32, u32, u32)> = self
            .marks
            .iter()
            .filter_map(|m| m.version.as_deref())
            .chain(
                self.server
                    .iter()
                    .filter(|f| f.key == ServerKey::Version)
                    .map(|f| &*f.value),
            )
            .filter_map(release)
            .collect();
        releases.is_empty() || releases.iter().any(|r| *r < (3, 0, 3))
    }

    /// A text that another record prints with its class is that failure, not one of its own kind.
    fn join_classless(&mut self) {
        let bare: Vec<Failure> = self
            .failures
            .keys()
            .filter(|f| f.class.is_none() && f.side == Side::Server)
            .cloned()
            .collect();
        for key in bare {
            let named = self
                .failures
                .keys()
                .find(|f| f.class.is_some() && f.side == key.side && same_failure(f, &key))
                .cloned();
            if let Some(named) = named
                && let Some(from) = self.failures.remove(&key)
                && let Some(into) = self.failures.get_mut(&named)
            {
                into.merge(from);
            }
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        merge_maps(&mut self.clients, other.clients, Activities::merge);
        merge_maps(&mut self.connections, other.connections, Connection::merge);
        merge_maps(&mut self.services, other.services, Service::merge);
        self.totals.merge(other.totals);
        for (k, v) in other.failures {
            match self.failures.get_mut(&k) {
                Some(f) => f.merge(v),
                None => {
                    self.failures.insert(k, v);
                }
            }
        }
        for (k, n) in other.reasons {
            *self.reasons.entry(k).or_default() += n;
        }
        for (k, n) in other.reason_kinds {
            *self.reason_kinds.entry(k).or_default() += n;
        }
        merge_maps(
            &mut self.few_failures,
            other.few_failures,
            FewFailures::merge,
        );
        self.logins.merge(other.logins);
        for (k, n) in other.login_users {
            *self.login_users.entry(k).or_default() += n;
        }
        for (k, n) in other.denied_reasons {
            *self.denied_reasons.entry(k).or_default() += n;
        }
        for (k, o) in other.tps {
            let p = self.tps.entry(k).or_default();
            p.passed = p.passed.saturating_add(o.passed);
            p.denied = p.denied.saturating_add(o.denied);
            p.peak = p.peak.max(o.peak);
        }
        merge_maps(&mut self.configs, other.configs, |a, b| {
            a.changes += b.changes;
            a.notified = a.notified.saturating_add(b.notified);
        });
        for (k, n) in other.request_status {
            *self.request_status.entry(k).or_default() += n;
        }
        self.marks.extend(other.marks);
        self.server.extend(other.server);
        for (k, v) in other.clock {
            match self.clock.get_mut(&k) {
                Some(e) => {
                    e.count += v.count;
                    if v.first.key() < e.first.key() {
                        e.first = v.first;
                    }
                }
                None => {
                    self.clock.insert(k, v);
                }
            }
        }
        self.census_max = self.census_max.max(other.census_max);
        self.census_last = self.census_last.max(other.census_last);
        self.config_queue_max = larger(self.config_queue_max.take(), other.config_queue_max);
        self.services_max = self.services_max.max(other.services_max);
        self.instances_max = self.instances_max.max(other.instances_max);
        self.pushes_max.0 = self.pushes_max.0.max(other.pushes_max.0);
        self.pushes_max.1 = self.pushes_max.1.max(other.pushes_max.1);
        self.task_backlog_max = larger2(self.task_backlog_max.take(), other.task_backlog_max);
        self.pool_max = larger2(self.pool_max.take(), other.pool_max);
        self.snapshot_max = larger(self.snapshot_max.take(), other.snapshot_max);
        self.subscribers_max = self.subscribers_max.max(other.subscribers_max);
    }
}

/// Minutes east of UTC of the clock that showed `t` when a connection got its id; `None` when the two are too far apart to
/// be of one moment.
#[must_use]
pub fn offset_of(id: &ConnectionId, t: WallTime) -> Option<i32> {
    const QUARTER: i64 = 15 * 60_000;
    let difference = t.0.checked_sub(id.millis)?;
    let offset = difference.checked_add(QUARTER / 2)?.div_euclid(QUARTER) * QUARTER;
    if (difference - offset).abs() > 5_000 || offset.abs() > 18 * 3_600_000 {
        return None;
    }
    i32::try_from(offset / 60_000).ok()
}

/// `2.3.2`, `3.0.0-alpha`: the three numbers.
fn release(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text
        .split(|c: char| !c.is_ascii_digit())
        .map(|n| n.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// Whether two texts of one record tell the same failure: the same figures, and no two classes that differ.
fn same_failure(a: &Failure, b: &Failure) -> bool {
    a.kind == b.kind
        && a.requested == b.requested
        && a.used == b.used
        && a.limit == b.limit
        && (a.class == b.class || a.class.is_none() || b.class.is_none())
}

fn merge_maps<K: std::hash::Hash + Eq, V>(
    into: &mut Map<K, V>,
    from: Map<K, V>,
    merge: fn(&mut V, V),
) {
    if into.is_empty() {
        *into = from;
        return;
    }
    into.reserve(from.len() / 2);
    // Order does not matter: each key is merged with itself alone.
    from.into_iter().for_each(|(k, v)| match into.get_mut(&k) {
        Some(mine) => merge(mine, v),
        None => {
            into.insert(k, v);
        }
    });
}
