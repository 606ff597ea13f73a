//! What a known log statement says, cut into fields that borrow from the record.

use crate::parse::cut;
use crate::units::Address;

/// `<epochMillis>_<remoteIp>_<remotePort>`: how Nacos 2.x and 3.x name a gRPC connection. The milliseconds are the
/// server's clock when the transport was ready, the address is the TCP peer's
/// (`core/remote/grpc/AddressTransportFilter`, 2.0.0 to 3.0.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// Milliseconds since 1970 UTC.
    pub millis: i64,
    /// The TCP peer.
    pub peer: Address,
    /// Its port.
    pub port: u16,
}

impl ConnectionId {
    /// Reads an id; `None` when the text is not one.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let (millis, rest) = cut::number(text)?;
        let rest = rest.strip_prefix(b"_")?;
        let port_at = memchr::memrchr(b'_', rest)?;
        let port = cut::whole_number(&rest[port_at + 1..])?;
        let peer = &rest[..port_at];
        if peer.is_empty() {
            return None;
        }
        Some(Self {
            millis: i64::try_from(millis).ok()?,
            peer: Address::read(peer),
            port: u16::try_from(port).ok()?,
        })
    }
}

impl std::fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.millis, self.peer, self.port)
    }
}

/// A naming service: the text between `Service{` and `, ephemeral=`, that is
/// `namespace='public', group='DEFAULT_GROUP', name='order'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceText<'a>(pub &'a [u8]);

impl ServiceText<'_> {
    /// `public/DEFAULT_GROUP/order`, or the text as it stands when it has another shape.
    #[must_use]
    pub fn path(self) -> String {
        let parts = || {
            let rest = self.0.strip_prefix(b"namespace='")?;
            let (namespace, rest) = split(rest, b"', group='")?;
            let (group, rest) = split(rest, b"', name='")?;
            let name = rest.strip_suffix(b"'").unwrap_or(rest);
            Some([namespace, group, name])
        };
        match parts() {
            Some(parts) => parts.map(String::from_utf8_lossy).join("/"),
            None => String::from_utf8_lossy(self.0).into_owned(),
        }
    }
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    memchr::memmem::find(text, at).map(|i| (&text[..i], &text[i + at.len()..]))
}

/// Why a push failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushFailure {
    /// No acknowledgement within the time-out.
    Timeout,
    /// The stream is not ready, nothing was sent (error code 601, 2.3.1 and later).
    Busy,
    /// The stream or call is closed.
    StreamDead,
    /// Memory could not be allocated.
    OutOfMemory,
    /// UDP: never acknowledged; the exception has no message.
    NoAck,
    /// Any other text.
    Other,
}

impl PushFailure {
    /// Reads the text of `reason=`.
    #[must_use]
    pub fn of_reason(reason: &[u8]) -> Self {
        let has = |needle: &[u8]| memchr::memmem::find(reason, needle).is_some();
        if reason.starts_with(b"Timeout After ") {
            Self::Timeout
        } else if reason.starts_with(b"errCode: 601") || has(b"too much bytes on sending queue") {
            Self::Busy
        } else if has(b"irectMemoryError")
            || has(b"OutOfMemoryError")
            || has(b"direct buffer memory")
        {
            Self::OutOfMemory
        } else if reason == b"null" {
            Self::NoAck
        } else if has(b"call is closed")
            || has(b"call already c")
            || has(b"Stream is already completed")
            || has(b"Stream was terminated")
            || has(b"Connection is unregistered")
            || has(b"CANCELLED")
        {
            Self::StreamDead
        } else {
            Self::Other
        }
    }
}

/// The client as Nacos describes it when a connection registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetaText<'a> {
    /// The address the client declares.
    pub client_ip: &'a [u8],
    /// `Nacos-Java-Client:v2.2.3`
    pub version: &'a [u8],
    /// Application name; `-` when the client sent none.
    pub app: &'a [u8],
    /// `naming` or `config`.
    pub module: &'a [u8],
    /// `sdk` or `cluster`.
    pub source: &'a [u8],
}

/// What one record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A naming push was acknowledged (or its connection was gone: then it took no time).
    PushOk {
        /// The subscriber's declared address.
        client: &'a [u8],
        /// What was pushed.
        service: ServiceText<'a>,
        /// The service's revision.
        revision: u64,
        /// Milliseconds from sending to acknowledgement.
        cost_ms: u64,
        /// Instances in the message.
        instances: u64,
        /// To this subscriber alone: it has just subscribed, or a push to it failed before.
        alone: bool,
    },
    /// A naming push failed.
    PushFail {
        /// The subscriber's declared address.
        client: &'a [u8],
        /// What was pushed.
        service: ServiceText<'a>,
        /// The service's revision.
        revision: u64,
        /// Milliseconds from sending to failure.
        cost_ms: u64,
        /// Text of the reason.
        reason: &'a [u8],
    },
    /// A push task died before it reached any client.
    PushTaskFailed,
    /// One configuration change goes out to that many listeners.
    ConfigFanOut {
        /// Listeners.
        clients: u64,
        /// `dataId+group[+tenant]`.
        group_key: &'a [u8],
    },
    /// A configuration notification failed; 2.0.0 to 2.2.4 do not say whose.
    ConfigPushFail {
        /// Whose, where the release says it.
        connection: Option<ConnectionId>,
    },
    /// A configuration listener was given up after the last retry.
    ConfigPushGivenUp {
        /// Whose.
        connection: Option<ConnectionId>,
    },
    /// Sending a request to a client failed at once.
    SendFailed {
        /// To whom.
        connection: ConnectionId,
        /// Whether the stream refused because its queue is full.
        busy: bool,
    },
    /// A client acknowledged after the time-out: slow, not dead.
    LateAck {
        /// Who.
        connection: ConnectionId,
    },
    /// HTTP/2 handshake completed.
    TransportReady {
        /// The new connection.
        connection: ConnectionId,
    },
    /// The transport is closed.
    TransportClosed {
        /// The connection.
        connection: ConnectionId,
    },
    /// Nacos knows the connection and who the client says it is.
    Registered {
        /// The connection.
        connection: ConnectionId,
        /// The client's description.
        meta: MetaText<'a>,
    },
    /// Nacos forgot the connection; its transport may still be open.
    Unregistered {
        /// The connection.
        connection: ConnectionId,
    },
    /// A connection was refused (`server is over limited.`).
    RegisterRefused {
        /// The connection.
        connection: ConnectionId,
    },
    /// A silent or blocked connection was expelled by the server.
    Expelled {
        /// The connection.
        connection: ConnectionId,
    },
    /// The server asks a silent connection for a sign of life and fails.
    DetectionFailed {
        /// The connection.
        connection: ConnectionId,
        /// Whether the stream refused because its queue is full.
        busy: bool,
    },
    /// A request came on a connection that is not registered (yet).
    UnknownConnection {
        /// The connection.
        connection: ConnectionId,
    },
    /// A request handler died.
    RequestFailed {
        /// Whose request.
        connection: Option<ConnectionId>,
    },
    /// The server counts its connections.
    Census {
        /// All connections.
        total: u64,
        /// Those of applications.
        sdk: Option<u64>,
    },
    /// A naming client was added, its own or one that a peer told of.
    ClientAdded {
        /// Connection id, or `ip:port#ephemeral`.
        client: &'a [u8],
    },
    /// A naming client was removed.
    ClientRemoved {
        /// Connection id, or `ip:port#ephemeral`.
        client: &'a [u8],
    },
    /// An instance was registered or changed.
    InstanceChanged {
        /// Who published it.
        client: &'a [u8],
        /// Of which service.
        service: ServiceText<'a>,
    },
    /// An instance was deregistered.
    InstanceRemoved {
        /// Who published it.
        client: &'a [u8],
        /// Of which service.
        service: ServiceText<'a>,
    },
    /// UDP push given up.
    UdpGivenUp {
        /// The client.
        client: &'a [u8],
    },
    /// UDP push planned.
    UdpScheduled {
        /// The client.
        client: &'a [u8],
    },
    /// UDP push acknowledged.
    UdpAcked {
        /// The client.
        client: &'a [u8],
    },
    /// A UDP push could not be sent.
    UdpSendFailed {
        /// To whom, where the line says it.
        client: Option<&'a [u8]>,
    },
    /// A UDP client acknowledged late, or after it was given up.
    UdpLateAck {
        /// Who, with a slash in front in some releases.
        client: &'a [u8],
    },
    /// A push to a fuzzy watcher of services failed (3.x).
    FuzzyPushFail {
        /// To whom.
        connection: Option<ConnectionId>,
    },
    /// Connections over a limit are ejected; no address.
    OverLimit,
    /// A client is asked to connect elsewhere.
    ResetSent {
        /// Whose connection.
        connection: ConnectionId,
    },
    /// What a disconnect should have cleaned up was not.
    CleanupFailed,
    /// A request was refused by a TPS rule.
    TpsOverLimit {
        /// Whose.
        connection: Option<ConnectionId>,
    },
    /// Requests and refusals of the second by TPS point.
    TpsReport {
        /// The lines of the report, one a point.
        lines: &'a [u8],
    },
    /// A client listens to configurations, or stops to.
    ConfigListen {
        /// The declared address.
        client: &'a [u8],
        /// Configurations in this batch.
        size: u64,
        /// `true`: listens.
        on: bool,
    },
    /// A client fetched a configuration.
    ConfigGet {
        /// The declared address.
        client: &'a [u8],
    },
    /// A configuration was published.
    ConfigPublish {
        /// The declared address.
        client: &'a [u8],
    },
    /// A client fetched a configuration, as config-trace tells it.
    ConfigPull {
        /// The client's address.
        client: &'a [u8],
    },
    /// A configuration was changed in the database.
    ConfigChanged,
    /// HTTP long polling of configurations.
    ConfigPoll {
        /// The address.
        client: &'a [u8],
    },
    /// A login was refused.
    LoginRefused {
        /// By whom, which 1.4.4 to 1.4.8 alone tell.
        client: Option<&'a [u8]>,
    },
    /// A login was tried, told by a log that names no address.
    LoginTried {
        /// Under which name.
        user: &'a [u8],
    },
    /// A request passed through authorisation.
    AuthChecked,
    /// A request was denied.
    AuthDenied {
        /// Whose, where the line says it.
        client: Option<&'a [u8]>,
        /// Why.
        reason: &'a [u8],
    },
    /// A request without the servers' identity header: up to 2.0.3 every one of an ordinary client.
    IdentityInvalid {
        /// Whose.
        client: &'a [u8],
    },
    /// The server process starts.
    ServerStarting {
        /// Nacos release, where the line has it.
        version: Option<&'a [u8]>,
        /// Process id, where the line has it.
        pid: Option<u64>,
        /// Java version, where the line has it.
        java: Option<&'a [u8]>,
    },
    /// The server is up.
    ServerStarted {
        /// `stand alone`, `cluster`.
        mode: Option<&'a [u8]>,
        /// `embedded`, `external`.
        storage: Option<&'a [u8]>,
    },
    /// The members a node starts with.
    Members {
        /// `10.0.0.2:8848, 10.0.0.3:8848`
        list: &'a [u8],
    },
    /// The server stops.
    ServerStopping,
    /// The gRPC server opens or closes a port.
    RpcServer {
        /// `true`: starting; `false`: stopping.
        up: bool,
    },
    /// Naming figures of the minute.
    NamingFigures {
        /// Services.
        services: u64,
        /// Instances.
        instances: u64,
        /// Subscribers; not told before 2.0.0.
        subscribers: Option<u64>,
        /// Pushes since midnight.
        pushes: Option<u64>,
        /// Failed pushes since midnight.
        failed: Option<u64>,
    },
    /// Instances were added to a service (1.4.0 to 2.1.2).
    InstancesAdded {
        /// How many.
        count: u64,
    },
    /// Instances left a service or expired.
    InstancesGone {
        /// How many.
        count: u64,
    },
    /// Tasks wait in the naming workers.
    TaskBacklog {
        /// In all workers.
        all: u64,
        /// In the fullest.
        most: u64,
    },
    /// A worker was busy with one task for over a second.
    TaskSlow {
        /// For how long.
        ms: u64,
    },
    /// Queued configuration notifications.
    ConfigQueue {
        /// How many wait.
        waiting: u64,
    },
    /// The request thread pool refused work.
    PoolExhausted {
        /// Its threads.
        pool: Option<u64>,
        /// Those at work.
        active: Option<u64>,
        /// Requests that wait.
        queued: Option<u64>,
    },
    /// A peer's copy of a client differs.
    DistroVerifyFailed,
    /// A snapshot of a peer's data was loaded.
    DistroSnapshot {
        /// Its size.
        bytes: u64,
    },
    /// A peer does not answer.
    PeerUnhealthy,
    /// Raft lost its leader, or cannot reach it.
    RaftTrouble,
    /// A gRPC connection died while it was read.
    TransportFailed,
    /// A thread died of an uncaught throwable, told by the console.
    Uncaught,
    /// A task that delivers to peers failed.
    DistroFailed,
    /// Netty saw a buffer collected that was never released.
    NettyLeak,
    /// A worker died of an uncaught throwable.
    TaskFailed,
    /// Known, and of no weight for this program.
    Known,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_ids_are_cut_from_both_ends() {
        let id = ConnectionId::read(b"1714528799000_10.0.0.9_51234").unwrap();
        assert_eq!(
            (id.millis, id.peer.to_string().as_str(), id.port),
            (1_714_528_799_000, "10.0.0.9", 51234)
        );
        let v6 = ConnectionId::read(b"1714528799000_0:0:0:0:0:0:0:1_51234").unwrap();
        assert_eq!(v6.peer.to_string(), "::1");
        for text in [
            "",
            "1714528799000",
            "x_10.0.0.9_1",
            "1714528799000__1",
            "1_a_99999",
        ] {
            assert_eq!(ConnectionId::read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_service_is_written_as_a_path() {
        let s = ServiceText(b"namespace='public', group='DEFAULT_GROUP', name='a, 'b'");
        assert_eq!(s.path(), "public/DEFAULT_GROUP/a, 'b");
        assert_eq!(ServiceText(b"G@@s").path(), "G@@s");
    }
}
