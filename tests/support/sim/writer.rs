//! The files of a node directory, in the wording and framing of each release.
//!
//! Records of most logs are a header line, an empty line, and a stack trace where there is one. Layouts were compared with
//! captured servers (2.2.0, 2.2.3, 2.3.0, 2.3.2; JDK 8 and 17) and follow the format strings of the other releases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::release::{Jdk, Release};

/// Name below the directory, and bytes.
type File = (String, Vec<u8>);

/// Frames below an allocation that Netty refused.
const NETTY_FRAMES: &str = "\tat io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent.incrementMemoryCounter(PlatformDependent.java:845)
\tat io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent.allocateDirectNoCleaner(PlatformDependent.java:774)
";
/// Frames below an allocation that the JDK refused (9 and later).
const JDK_FRAMES: &str = "\tat java.base/java.nio.Bits.reserveMemory(Bits.java:178)
\tat java.base/java.nio.DirectByteBuffer.<init>(DirectByteBuffer.java:121)
\tat java.base/java.nio.ByteBuffer.allocateDirect(ByteBuffer.java:332)
";
/// Frames of the pool.
const POOL_FRAMES: &str = "\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena$DirectArena.allocateDirect(PoolArena.java:649)
\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena$DirectArena.newChunk(PoolArena.java:624)
\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena.allocateNormal(PoolArena.java:203)
\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena.tcacheAllocateNormal(PoolArena.java:187)
\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena.allocate(PoolArena.java:136)
\tat io.grpc.netty.shaded.io.netty.buffer.PoolArena.allocate(PoolArena.java:126)
\tat io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator.newDirectBuffer(PooledByteBufAllocator.java:396)
\tat io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator.directBuffer(AbstractByteBufAllocator.java:188)
\tat io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator.buffer(AbstractByteBufAllocator.java:124)
\tat io.grpc.netty.shaded.io.grpc.netty.NettyWritableBufferAllocator.allocate(NettyWritableBufferAllocator.java:51)
\tat io.grpc.internal.MessageFramer.writeKnownLengthUncompressed(MessageFramer.java:230)
\tat io.grpc.internal.MessageFramer.writeUncompressed(MessageFramer.java:169)
\tat io.grpc.internal.MessageFramer.writePayload(MessageFramer.java:142)
\tat io.grpc.internal.AbstractStream.writeMessage(AbstractStream.java:65)
\tat io.grpc.internal.ServerCallImpl.sendMessageInternal(ServerCallImpl.java:172)
\tat io.grpc.internal.ServerCallImpl.sendMessage(ServerCallImpl.java:154)
\tat io.grpc.stub.ServerCalls$ServerCallStreamObserverImpl.onNext(ServerCalls.java:380)
";
/// Frames of a naming push.
const PUSH_FRAMES: &str = "\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestNoAck(GrpcConnection.java:62)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestInner(GrpcConnection.java:94)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.asyncRequest(GrpcConnection.java:117)
\tat com.alibaba.nacos.core.remote.RpcPushService.pushWithCallback(RpcPushService.java:55)
\tat com.alibaba.nacos.naming.push.v2.executor.PushExecutorRpcImpl.doPushWithCallback(PushExecutorRpcImpl.java:54)
\tat com.alibaba.nacos.naming.push.v2.executor.PushExecutorDelegate.doPushWithCallback(PushExecutorDelegate.java:53)
\tat com.alibaba.nacos.naming.push.v2.task.PushExecuteTask.run(PushExecuteTask.java:68)
\tat com.alibaba.nacos.common.task.engine.TaskExecuteWorker$InnerWorker.run(TaskExecuteWorker.java:120)
";
/// Frames of a configuration push.
const CONFIG_PUSH_FRAMES: &str = "\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestNoAck(GrpcConnection.java:62)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestInner(GrpcConnection.java:94)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.asyncRequest(GrpcConnection.java:117)
\tat com.alibaba.nacos.core.remote.RpcPushService.pushWithCallback(RpcPushService.java:55)
\tat com.alibaba.nacos.config.server.remote.RpcConfigChangeNotifier$RpcPushTask.run(RpcConfigChangeNotifier.java:215)
";
/// Frames of a unary request.
const REQUEST_FRAMES: &str = "\tat com.alibaba.nacos.core.remote.grpc.GrpcRequestAcceptor.request(GrpcRequestAcceptor.java:169)
\tat com.alibaba.nacos.core.remote.grpc.BaseGrpcServer.lambda$addServices$0(BaseGrpcServer.java:141)
\tat io.grpc.stub.ServerCalls$UnaryServerCallHandler$UnaryServerCallListener.onHalfClose(ServerCalls.java:182)
";
/// Frames of reading from a socket.
const READ_FRAMES: &str = "\tat io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator.directBuffer(AbstractByteBufAllocator.java:179)
\tat io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder.expandCumulation(ByteToMessageDecoder.java:541)
\tat io.grpc.netty.shaded.io.netty.channel.epoll.AbstractEpollStreamChannel$EpollStreamUnsafe.epollInReady(AbstractEpollStreamChannel.java:800)
\tat io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoop.run(EpollEventLoop.java:385)
";
/// Frames of a stream that is closed.
const CLOSED_FRAMES: &str =
    "\tat com.google.common.base.Preconditions.checkState(Preconditions.java:508)
\tat io.grpc.internal.ServerCallImpl.sendMessageInternal(ServerCallImpl.java:162)
\tat io.grpc.internal.ServerCallImpl.sendMessage(ServerCallImpl.java:154)
\tat io.grpc.stub.ServerCalls$ServerCallStreamObserverImpl.onNext(ServerCalls.java:380)
";
/// Frames of a refusal to queue.
const BUSY_FRAMES: &str = "\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendQueueBlockCheck(GrpcConnection.java:123)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestNoAck(GrpcConnection.java:72)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.sendRequestInner(GrpcConnection.java:152)
\tat com.alibaba.nacos.core.remote.grpc.GrpcConnection.asyncRequest(GrpcConnection.java:175)
";
const TIMEOUT_FRAMES_8: &str = "\tat com.alibaba.nacos.api.remote.DefaultRequestFuture$TimeoutHandler.run(DefaultRequestFuture.java:194)
\tat java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:511)
\tat java.util.concurrent.FutureTask.run(FutureTask.java:266)
\tat java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.access$201(ScheduledThreadPoolExecutor.java:180)
\tat java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run(ScheduledThreadPoolExecutor.java:293)
\tat java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1149)
\tat java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:624)
\tat java.lang.Thread.run(Thread.java:748)
";
const TIMEOUT_FRAMES: &str = "\tat com.alibaba.nacos.api.remote.DefaultRequestFuture$TimeoutHandler.run(DefaultRequestFuture.java:194)
\tat java.base/java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:539)
\tat java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)
\tat java.base/java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run(ScheduledThreadPoolExecutor.java:304)
\tat java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)
\tat java.base/java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:635)
\tat java.base/java.lang.Thread.run(Thread.java:840)
";
/// What a refused send says; it ends in a blank.
pub const BUSY: &str = "errCode: 601, errMsg: too much bytes on sending queue of this stream. ";

const BANNER: [&str; 14] = [
    "         ,--.",
    "       ,--.'|",
    "   ,--,:  : |                                           ",
    ",`--.'`|  ' :                       ,---.               ",
    "|   :  :  | |                      '   ,'\\   .--.--.    ",
    ":   |   \\ | :  ,--.--.     ,---.  /   /   | /  /    '   ",
    "|   : '  '; | /       \\   /     \\.   ; ,. :|  :  /`./   ",
    "'   ' ;.    ;.--.  .-. | /    / ''   | |: :|  :  ;_",
    "|   | | \\   | \\__\\/: . ..    ' / '   | .; : \\  \\    `.      https://nacos.io",
    "'   : |  ; .' ,\" .--.; |'   ; :__|   :    |  `----.   \\",
    "|   | '`--'  /  /  ,.  |'   | '.'|\\   \\  /  /  /`--'  /",
    "'   : |     ;  :   .'   \\   :    : `----'  '--'.     /",
    ";   |.'     |  ,     .-./\\   \\  /            `--'---'",
    "'---'        `--`---'     `----'",
];

/// Milliseconds since 1970 as fields of a clock.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    pub year: i64,
    pub month: usize,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub milli: i64,
    pub weekday: usize,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Civil fields of a time.
pub fn fields(ms: i64) -> Fields {
    let day_number = ms.div_euclid(86_400_000);
    let rest = ms.rem_euclid(86_400_000);
    // Days to a civil date, after Howard Hinnant.
    let z = day_number + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    Fields {
        year: yoe + era * 400 + i64::from(month <= 2),
        month: month as usize,
        day: doy - (153 * mp + 2) / 5 + 1,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1000 % 60,
        milli: rest % 1000,
        weekday: day_number.rem_euclid(7) as usize,
    }
}

/// How the files of a case are written.
#[derive(Clone, Debug)]
pub struct Style {
    pub release: Release,
    pub jdk: Jdk,
    /// Minutes east of UTC of the server's zone, and its abbreviation.
    pub zone: (i64, &'static str),
    /// The server's own address.
    pub own_ip: String,
}

/// The files of a node.
#[derive(Clone, Debug)]
pub struct Writer {
    pub style: Style,
    files: BTreeMap<String, Vec<u8>>,
    /// Last second rendered, and how.
    clock: (i64, String),
    /// Milliseconds since 1970 (UTC) of time zero.
    epoch: i64,
    /// Nothing is written: a trial run.
    pub mute: bool,
    /// Failed pushes by address, with their times: what a person counts with grep.
    pub failures: Vec<(i64, String)>,
}

impl Writer {
    /// An empty directory.
    pub fn new(style: Style, epoch: i64, mute: bool) -> Self {
        Self {
            style,
            files: BTreeMap::new(),
            clock: (i64::MIN, String::new()),
            epoch,
            mute,
            failures: Vec::new(),
        }
    }

    /// UTC of a time of the run.
    pub fn utc(&self, t: i64) -> i64 {
        self.epoch + t
    }

    /// Fields of the server's local clock.
    pub fn local(&self, t: i64) -> Fields {
        fields(self.utc(t) + self.style.zone.0 * 60_000)
    }

    /// `2026-11-22 23:54:11,123`
    pub fn stamp(&mut self, t: i64) -> String {
        let utc = self.utc(t);
        let second = utc.div_euclid(1000);
        if self.clock.0 != second {
            let f = self.local(t);
            self.clock = (
                second,
                format!(
                    "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                    f.year, f.month, f.day, f.hour, f.minute, f.second
                ),
            );
        }
        format!("{},{:03}", self.clock.1, utc.rem_euclid(1000))
    }

    /// `20261122-235411` of the local clock, or of UTC.
    pub fn compact(&self, t: i64, utc: bool) -> String {
        let f = if utc {
            fields(self.utc(t))
        } else {
            self.local(t)
        };
        format!(
            "{:04}{:02}{:02}-{:02}{:02}{:02}",
            f.year, f.month, f.day, f.hour, f.minute, f.second
        )
    }

    /// `Sun Nov 22 23:54:11 CST 2026`, as `date` and Java print it.
    pub fn date_line(&self, t: i64, utc: bool) -> String {
        let f = if utc {
            fields(self.utc(t))
        } else {
            self.local(t)
        };
        let zone = if utc { "UTC" } else { self.style.zone.1 };
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {zone} {}",
            DAYS[f.weekday],
            MONTHS[f.month - 1],
            f.day,
            f.hour,
            f.minute,
            f.second,
            f.year
        )
    }

    fn file(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.files.contains_key(name) {
            self.files.insert(name.to_owned(), Vec::new());
        }
        self.files.get_mut(name).expect("just inserted")
    }

    /// A file as it is.
    pub fn put(&mut self, name: &str, text: &str) {
        if !self.mute {
            self.file(name).extend_from_slice(text.as_bytes());
        }
    }

    /// Empties a file.
    pub fn truncate(&mut self, name: &str) {
        self.files.insert(name.to_owned(), Vec::new());
    }

    /// A record with its header, the empty line, and a stack where there is one.
    pub fn record(&mut self, log: &str, t: i64, level: &str, message: &str, stack: &[&str]) {
        if self.mute {
            return;
        }
        let stamp = self.stamp(t);
        let file = self.file_of(log);
        file.extend_from_slice(stamp.as_bytes());
        file.push(b' ');
        file.extend_from_slice(level.as_bytes());
        file.push(b' ');
        file.extend_from_slice(message.as_bytes());
        file.extend_from_slice(b"\n\n");
        for s in stack {
            file.extend_from_slice(s.as_bytes());
        }
    }

    /// A record of a log whose records have no level: `2026-11-22 23:54:11,123|...`.
    pub fn piped(&mut self, log: &str, t: i64, message: &str) {
        if self.mute {
            return;
        }
        let stamp = self.stamp(t);
        let file = self.file_of(log);
        file.extend_from_slice(stamp.as_bytes());
        file.push(b'|');
        file.extend_from_slice(message.as_bytes());
        file.push(b'\n');
    }

    fn file_of(&mut self, log: &str) -> &mut Vec<u8> {
        let name = format!("logs/{log}");
        self.file(&name)
    }

    /// `Service{...}`
    pub fn service(name: &str, group: &str, revision: u64) -> String {
        format!(
            "Service{{namespace='public', group='{group}', name='{name}', ephemeral=true, revision={revision}}}"
        )
    }

    fn timeout(&self, ms: u32, request: u64, connection: &str) -> String {
        if self.style.release.timeouts_name_connections() {
            format!(
                "Timeout After {ms} milliseconds, requestId={request}, connectionId={connection}"
            )
        } else {
            format!("Timeout After {ms} milliseconds,requestId ={request}")
        }
    }

    fn timeout_frames(&self) -> &'static str {
        if self.style.jdk.major == 8 {
            TIMEOUT_FRAMES_8
        } else {
            TIMEOUT_FRAMES
        }
    }

    fn push_fail(
        &mut self,
        t: i64,
        cost: i64,
        service: &str,
        reason: &str,
        target: &str,
        stack: &[&str],
    ) {
        self.failures.push((t, target.to_owned()));
        self.record(
            "naming-push.log",
            t,
            "ERROR",
            &format!("[PUSH-FAIL] {cost}ms, {service}, reason={reason}, target={target}"),
            &[],
        );
        self.record("naming-push.log", t, "ERROR", "Reason detail: ", stack);
    }

    /// A naming push that nobody acknowledged.
    pub fn push_timeout(
        &mut self,
        t: i64,
        cost: i64,
        service: &str,
        request: u64,
        connection: &str,
        target: &str,
    ) {
        let text = self.timeout(5000, request, connection);
        let head = format!("java.util.concurrent.TimeoutException: {text}\n");
        let frames = self.timeout_frames();
        self.push_fail(t, cost, service, &text, target, &[&head, frames]);
    }

    fn send_error(&mut self, t: i64, connection: &str, request: u64, config: bool, stack: &[&str]) {
        let kind = if config {
            "ConfigChangeNotifyRequest"
        } else {
            "NotifySubscriberRequest"
        };
        self.record(
            "remote-digest.log",
            t,
            "ERROR",
            &format!("error to send push response to connectionId ={connection},push response={kind}{{headers={{}}, requestId='{request}'}}"),
            stack,
        );
    }

    /// A send over a stream that is closed already.
    pub fn push_closed(
        &mut self,
        t: i64,
        service: &str,
        request: u64,
        connection: &str,
        target: &str,
    ) {
        let stack = [
            "java.lang.IllegalStateException: call is closed\n",
            CLOSED_FRAMES,
            PUSH_FRAMES,
        ];
        self.send_error(t, connection, request, false, &stack);
        self.push_fail(t, 0, service, "call is closed", target, &stack);
    }

    /// A send that the server refused because the stream is not ready.
    pub fn push_busy(
        &mut self,
        t: i64,
        service: &str,
        request: u64,
        connection: &str,
        target: &str,
    ) {
        let head =
            format!("com.alibaba.nacos.common.remote.exception.ConnectionBusyException: {BUSY}\n");
        let stack = [head.as_str(), BUSY_FRAMES, PUSH_FRAMES];
        self.send_error(t, connection, request, false, &stack);
        self.push_fail(t, 0, service, BUSY, target, &stack);
    }

    /// A naming push acknowledged.
    pub fn push_ok(
        &mut self,
        t: i64,
        costs: [i64; 3],
        single: bool,
        service: &str,
        instances: u32,
        target: &str,
    ) {
        if self.mute {
            return;
        }
        let [cost, delay, sla] = costs;
        let sizes = if self.style.release.from(2, 1, 1) {
            format!("originalSize={instances}, DataSize={instances}")
        } else {
            format!("DataSize={instances}")
        };
        let text = if single {
            format!(
                "[PUSH-SUCC] {cost}ms, all delay time {delay}ms for subscriber {target}, {service}, {sizes}"
            )
        } else {
            format!(
                "[PUSH-SUCC] {cost}ms, all delay time {delay}ms, SLA {sla}ms, {service}, {sizes}, target={target}"
            )
        };
        self.record("naming-push.log", t, "INFO", &text, &[]);
    }

    /// Two pushes of one service became one.
    pub fn push_merge(&mut self, t: i64, service: &str) {
        if !self.mute {
            self.record(
                "naming-push.log",
                t,
                "INFO",
                &format!("[PUSH] Task merge for {service}"),
                &[],
            );
        }
    }

    /// A configuration went out to so many listeners.
    pub fn config_fan_out(&mut self, t: i64, clients: usize, data_id: &str) {
        let comma = if self.style.release.from(2, 3, 0) {
            ","
        } else {
            " ,"
        };
        self.record(
            "remote-push.log",
            t,
            "INFO",
            &format!("push [{clients}] clients{comma}groupKey=[{data_id}+DEFAULT_GROUP]")
                .replace("clients,", "clients, "),
            &[],
        );
    }

    /// A notification that nobody acknowledged.
    pub fn config_timeout(&mut self, t: i64, data_id: &str, request: u64, connection: &str) {
        let text = self.timeout(3000, request, connection);
        let head = format!("java.util.concurrent.TimeoutException: {text}\n");
        let frames = self.timeout_frames();
        let named = self.style.release.from(2, 3, 0);
        let message = if named {
            self.failures.push((
                t,
                connection.split('_').nth(1).unwrap_or_default().to_owned(),
            ));
            format!(
                "Push fail, dataId={data_id}, group=DEFAULT_GROUP, tenant=, clientId={connection}"
            )
        } else {
            "Push fail".to_owned()
        };
        self.record("remote-push.log", t, "WARN", &message, &[&head, frames]);
    }

    /// A notification that was refused.
    pub fn config_busy(&mut self, t: i64, data_id: &str, request: u64, connection: &str) {
        let head =
            format!("com.alibaba.nacos.common.remote.exception.ConnectionBusyException: {BUSY}\n");
        let stack = [head.as_str(), BUSY_FRAMES, CONFIG_PUSH_FRAMES];
        self.send_error(t, connection, request, true, &stack);
        self.failures.push((
            t,
            connection.split('_').nth(1).unwrap_or_default().to_owned(),
        ));
        self.record(
            "remote-push.log",
            t,
            "WARN",
            &format!(
                "Push fail, dataId={data_id}, group=DEFAULT_GROUP, tenant=, clientId={connection}"
            ),
            &stack,
        );
    }

    /// A notification over a stream that is closed already.
    pub fn config_closed(&mut self, t: i64, data_id: &str, request: u64, connection: &str) {
        let stack = [
            "java.lang.IllegalStateException: call is closed\n",
            CLOSED_FRAMES,
            CONFIG_PUSH_FRAMES,
        ];
        self.send_error(t, connection, request, true, &stack);
        let message = if self.style.release.from(2, 3, 0) {
            format!(
                "Push fail, dataId={data_id}, group=DEFAULT_GROUP, tenant=, clientId={connection}"
            )
        } else {
            "Push fail".to_owned()
        };
        self.record("remote-push.log", t, "WARN", &message, &stack);
    }

    /// Fifty notifications failed: the listener is given up.
    pub fn config_given_up(&mut self, t: i64, data_id: &str, connection: &str) {
        let message = if self.style.release.from(2, 3, 0) {
            format!(
                "push callback retry fail over times. dataId={data_id},group=DEFAULT_GROUP,tenant=,clientId={connection}, will unregister client."
            )
        } else {
            format!(
                "push callback retry fail over times .dataId={data_id},group=DEFAULT_GROUP,tenant=,clientId={connection},will unregister client."
            )
        };
        self.record("remote-push.log", t, "WARN", &message, &[]);
    }

    /// A request of a client about a configuration.
    pub fn config_request(&mut self, t: i64, cost: i64, ip: &str, what: &str, data_id: &str) {
        let new = self.style.release.from(2, 5, 1);
        let md5 = "c33f757a9f7c4dcb2bb17d7b64c04afe";
        let text = match (what, new) {
            ("listen", false) => format!("{cost}|200|{ip}|listen|{data_id}|true|||unknown"),
            ("listen", true) => format!(
                "opType: listen | rt: {cost}ms | status: 200 | requestIp: {ip} | listenSize: {data_id} | listenOrCancel: true | appName: unknown"
            ),
            (w, false) => format!("{cost}|200|{ip}|{w}|{data_id}|DEFAULT_GROUP||{md5}|unknown"),
            (w, true) => format!(
                "opType: {w} | rt: {cost}ms | status: success | requestIp: {ip} | dataId: {data_id} | group: DEFAULT_GROUP | tenant:  | md5: {md5}"
            ),
        };
        self.piped("config-client-request.log", t, &text);
    }

    /// A handshake was completed.
    pub fn ready(&mut self, t: i64, id: &str) {
        self.record(
            "remote-digest.log",
            t,
            "INFO",
            &format!("Connection transportReady,connectionId = {id} "),
            &[],
        );
    }

    /// A connection is registered, with what the client declares.
    #[expect(clippy::too_many_arguments, reason = "the fields of the line")]
    pub fn registered(
        &mut self,
        t: i64,
        opened: i64,
        id: &str,
        declared: &str,
        peer: &str,
        port: u16,
        sdk: &str,
        module: &str,
    ) {
        if self.mute {
            return;
        }
        let created = self.date_line(opened, false);
        let active = self.utc(t) - 3;
        let abilities = if self.style.release.from(2, 4, 0) {
            "{}"
        } else {
            "null"
        };
        let log = self.style.release.connection_log();
        self.record(
            log,
            t,
            "INFO",
            &format!(
                "new connection registered successfully, connectionId = {id},connection=Connection{{traced=false, abilities={abilities}, metaInfo=ConnectionMeta{{connectType='GRPC', clientIp='{declared}', remoteIp='{peer}', remotePort={port}, localPort=9848, version='Nacos-Java-Client:{sdk}', connectionId='{id}', createTime={created}, lastActiveTime={active}, appName='-', tenant='null', labels={{source=sdk, module={module}, tls.enable=false}}}}}} "
            ),
            &[],
        );
        if module == "naming" {
            self.record(
                "naming-server.log",
                t,
                "INFO",
                &format!("Client connection {id} connect"),
                &[],
            );
        }
    }

    /// The transport is gone.
    pub fn terminated(&mut self, t: i64, id: &str) {
        self.record(
            "remote-digest.log",
            t,
            "INFO",
            &format!("Connection transportTerminated,connectionId = {id} "),
            &[],
        );
    }

    /// The server forgets a connection.
    pub fn unregistered(&mut self, t: i64, id: &str) {
        let log = self.style.release.connection_log();
        self.record(
            log,
            t,
            "INFO",
            &format!("[{id}]Connection unregistered successfully. "),
            &[],
        );
        self.record(
            "remote-digest.log",
            t,
            "INFO",
            &format!("[{id}]client disconnected,clear config listen context"),
            &[],
        );
        self.record(
            "naming-server.log",
            t,
            "INFO",
            &format!("Client connection {id} disconnect, remove instances and subscribers"),
            &[],
        );
    }

    /// A connection that went silent is asked, or refuses to be asked.
    pub fn detection(&mut self, t: i64, id: &str, busy: bool) {
        let log = self.style.release.connection_log();
        if busy {
            let head = format!(
                "com.alibaba.nacos.common.remote.exception.ConnectionBusyException: {BUSY}\n"
            );
            self.record(log, t, "ERROR", &format!("[{id}]Error occurs when check client active detection ,error={{}}"), &[&head, BUSY_FRAMES, "\tat com.alibaba.nacos.core.remote.NacosRuntimeConnectionEjector.ejectOutdatedConnection(NacosRuntimeConnectionEjector.java:93)\n"]);
        } else {
            self.record(
                log,
                t,
                "INFO",
                &format!("[{id}]send connection active request "),
                &[],
            );
        }
    }

    /// A connection that went silent is expelled.
    pub fn expelled(&mut self, t: i64, id: &str) {
        let log = self.style.release.connection_log();
        self.record(
            log,
            t,
            "INFO",
            &format!("[{id}]Unregister Out dated connection...."),
            &[],
        );
        self.unregistered(t, id);
    }

    /// Closing a stream that is closed.
    pub fn close_exception(&mut self, t: i64, id: &str) {
        self.record(
            "remote-digest.log",
            t,
            "WARN",
            &format!("[{id}] connection  close exception  : {{}}"),
            &[
                "java.lang.IllegalStateException: call already closed\n",
                CLOSED_FRAMES,
            ],
        );
    }

    /// An acknowledgement after the time-out.
    pub fn late_ack(&mut self, t: i64, id: &str, request: u64) {
        self.record(
            "remote-digest.log",
            t,
            "WARN",
            &format!("Ack receive on a outdated request ,connection id={id},requestId={request} "),
            &[],
        );
    }

    /// The text of a failed allocation.
    pub fn allocation_text(&self, requested: u64, used: u64, limit: u64) -> String {
        match (self.style.jdk.no_cleaner, self.style.jdk.major) {
            (true, _) => format!(
                "io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate {requested} byte(s) of direct memory (used: {used}, max: {limit})"
            ),
            (false, 8 | 11) => "java.lang.OutOfMemoryError: Direct buffer memory".to_owned(),
            (false, _) => format!(
                "java.lang.OutOfMemoryError: Cannot reserve {requested} bytes of direct buffer memory (allocated: {used}, limit: {limit})"
            ),
        }
    }

    fn allocation_frames(&self) -> &'static str {
        if self.style.jdk.no_cleaner {
            NETTY_FRAMES
        } else {
            JDK_FRAMES
        }
    }

    /// An allocation that failed in a naming push.
    pub fn failed_in_push(
        &mut self,
        t: i64,
        text: &str,
        service: &str,
        request: u64,
        connection: &str,
        target: &str,
    ) {
        let head = format!("{text}\n");
        let frames = self.allocation_frames();
        let stack = [head.as_str(), frames, POOL_FRAMES, PUSH_FRAMES];
        if self.style.release.guarded() {
            self.send_error(t, connection, request, false, &stack);
            self.push_fail(t, 0, service, text, target, &stack);
        } else {
            self.record(
                "naming-server.log",
                t,
                "ERROR",
                &format!("[TASK-FAILED] {text}"),
                &stack,
            );
        }
    }

    /// An allocation that failed in the answer to a request.
    pub fn failed_in_request(&mut self, t: i64, text: &str, connection: &str) {
        let head = format!("{text}\n");
        let frames = self.allocation_frames();
        let blank = if self.style.release.from(3, 0, 0) {
            ""
        } else {
            " "
        };
        self.record("remote-digest.log", t, "ERROR", &format!("[grpc] Fail to handle request from connection [{connection}]{blank},{}error message :{{}}", if blank.is_empty() { " " } else { "" }), &[&head, frames, POOL_FRAMES, REQUEST_FRAMES]);
    }

    /// An allocation that failed while reading from a socket.
    pub fn failed_in_transport(&mut self, t: i64, text: &str) {
        let head = format!("{text}\n");
        let frames = self.allocation_frames();
        self.record(
            "nacos.log",
            t,
            "INFO",
            "Transport failed",
            &[&head, frames, POOL_FRAMES, READ_FRAMES],
        );
    }

    /// An error that nobody caught, on the console, without a time.
    pub fn failed_on_console(&mut self, thread: u32, text: &str) {
        let frames = self.allocation_frames();
        let name = format!("logs/{}", self.style.release.console());
        self.put(&name, &format!("Exception in thread \"nacos-grpc-executor-{thread}\" {text}\n{frames}{POOL_FRAMES}{REQUEST_FRAMES}"));
    }

    /// A line of the access log.
    #[expect(clippy::too_many_arguments, reason = "the fields of the line")]
    pub fn access(
        &mut self,
        t: i64,
        ip: &str,
        request: &str,
        status: u32,
        bytes: u32,
        cost: i64,
        agent: &str,
    ) {
        if self.mute {
            return;
        }
        let f = self.local(t);
        let day = format!("{:04}-{:02}-{:02}", f.year, f.month, f.day);
        let name = if self.style.release.hourly_access_log() {
            format!("logs/access_log.{day}-{:02}.log", f.hour)
        } else {
            format!("logs/access_log.{day}.log")
        };
        let (sign, zone) = (
            if self.style.zone.0 < 0 { '-' } else { '+' },
            self.style.zone.0.abs(),
        );
        // Tomcat 10 counts microseconds.
        let cost = if self.style.release.from(3, 0, 0) {
            cost * 1000
        } else {
            cost
        };
        let line = format!(
            "{ip} - - [{:02}/{}/{:04}:{:02}:{:02}:{:02} {sign}{:02}{:02}] \"{request} HTTP/1.1\" {status} {bytes} {cost} {agent} -\n",
            f.day,
            MONTHS[f.month - 1],
            f.year,
            f.hour,
            f.minute,
            f.second,
            zone / 60,
            zone % 60
        );
        self.put(&name, &line);
    }

    /// A login.
    pub fn login(&mut self, t: i64, ip: &str, user: &str, status: u32, cost: i64) {
        let path = if self.style.release.from(3, 0, 0) {
            "v3/auth/user"
        } else {
            "v1/auth/users"
        };
        let bytes = if status == 200 { 235 } else { 13 };
        self.access(
            t,
            ip,
            &format!("POST /nacos/{path}/login?username={user}"),
            status,
            bytes,
            cost,
            "Java/17.0.15",
        );
    }

    /// The lines of a start: console, nacos.log, remote.log.
    pub fn start(&mut self, t: i64, command_line: &str, pid: u32) {
        if self.mute {
            return;
        }
        let r = self.style.release;
        let console = format!("logs/{}", r.console());
        self.truncate(&console);
        let mut text = format!("{command_line}\n\n");
        for (i, row) in BANNER.iter().enumerate() {
            text.push_str(row);
            match i {
                2 => {
                    let _ = write!(
                        text,
                        "Nacos {}{}",
                        if r.from(3, 0, 0) { "Server " } else { "" },
                        r.text
                    );
                }
                3 => text.push_str("Running in stand alone mode, All function modules"),
                4 => text.push_str("Port: 8848"),
                5 => {
                    let _ = write!(text, "Pid: {pid}");
                }
                6 => {
                    let _ = write!(
                        text,
                        "Console: http://{}:8848/nacos/index.html",
                        self.style.own_ip
                    );
                }
                _ => {}
            }
            text.push('\n');
        }
        text.push('\n');
        self.put(&console, &text);
        let java = self.style.jdk.text();
        let with = if self.style.jdk.major == 8 {
            "with PID"
        } else {
            "on vm with PID"
        };
        let starting = format!(
            "Starting Nacos v{} using Java {java} {with} {pid} (/home/nacos/target/nacos-server.jar started by root in /home/nacos)",
            r.text
        );
        self.record("nacos.log", t, "INFO", &starting, &[]);
        self.record(
            "nacos.log",
            t,
            "INFO",
            "The following 1 profile is active: \"standalone\"",
            &[],
        );
        self.record(
            "nacos.log",
            t + 2600,
            "INFO",
            "Tomcat initialized with port(s): 8848 (http)",
            &[],
        );
        let tls = if r.from(2, 2, 1) && !r.from(2, 3, 0) {
            " and tls config:{\"sslProvider\":\"\",\"enableTls\":false,\"mutualAuthEnable\":false,\"trustAll\":false,\"compatibility\":true}"
        } else {
            ""
        };
        for (name, port, after) in [
            ("GrpcSdkServer", 9848, 5800),
            ("GrpcClusterServer", 9849, 5830),
        ]
        .into_iter()
        .filter(|_| r.from(2, 0, 0))
        {
            self.record(
                "remote.log",
                t + after - 200,
                "INFO",
                &format!("Nacos {name} Rpc server starting at port {port}{tls}"),
                &[],
            );
            self.record(
                "remote.log",
                t + after,
                "INFO",
                &format!("Nacos {name} Rpc server started at port {port}{tls}"),
                &[],
            );
        }
        let up = "Nacos started successfully in stand alone mode. use embedded storage";
        self.record("nacos.log", t + 9500, "INFO", up, &[]);
        let stamp = self.stamp(t + 9500);
        self.put(&console, &format!("{stamp} INFO {up}\n\n"));
    }

    /// The lines of a stop in order.
    pub fn stop(&mut self, t: i64) {
        let console = format!("logs/{}", self.style.release.console());
        let stamp = self.stamp(t);
        self.put(&console, &format!("{stamp} WARN [NotifyCenter] Start destroying Publisher\n\n{stamp} WARN [ThreadPoolManager] Start destroying ThreadPool\n\n"));
        self.record(
            "nacos.log",
            t,
            "WARN",
            "[NotifyCenter] Start destroying Publisher",
            &[],
        );
        for name in ["GrpcSdkServer", "GrpcClusterServer"] {
            self.record(
                "remote.log",
                t + 5,
                "INFO",
                &format!("Nacos {name} Rpc server stopping"),
                &[],
            );
        }
    }

    /// Writes the directory; what is too large goes out compressed.
    pub fn save(
        mut self,
        to: &Path,
        without: &dyn Fn(&str) -> bool,
        arrive: &dyn Fn(&str, &[u8]) -> Vec<File>,
    ) -> std::io::Result<()> {
        const LARGE: usize = 3 << 20;
        for log in [
            "naming-push.log",
            "naming-server.log",
            "remote-digest.log",
            "remote-push.log",
            "nacos.log",
            "config-client-request.log",
            "naming-event.log",
            "core-auth.log",
            "protocol-distro.log",
            "naming-distro.log",
        ] {
            self.file_of(log);
        }
        let left = self.files.iter().filter(|(name, _)| !without(name));
        for (name, bytes) in left.flat_map(|(name, bytes)| arrive(name, bytes)) {
            let path = to.join(&name);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            if bytes.len() > LARGE {
                let mut packed =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
                packed.write_all(&bytes)?;
                std::fs::write(to.join(format!("{name}.gz")), packed.finish()?)?;
            } else {
                std::fs::write(path, bytes)?;
            }
        }
        Ok(())
    }
}

/// Figures of one NMT report, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Nmt {
    pub pid: u32,
    pub heap: u64,
    pub direct: u64,
    pub direct_count: u64,
    pub classes: u64,
    pub threads: u64,
}

/// A summary as `jcmd PID VM.native_memory summary` prints it.
pub fn nmt_report(jdk: Jdk, n: &Nmt) -> String {
    let old = jdk.major == 8;
    let stack = n.threads * 1024;
    let stack_committed = if old { stack } else { n.threads * 106 };
    let class = n.classes * 61 / 10;
    let code = 24_000 + n.classes / 2;
    let gc = 28_616;
    let symbol = n.classes + 1_000;
    let internal = if old { n.direct + 7_500 } else { 888 };
    let metaspace = n.classes * 4;
    let compact = jdk.major >= 17;
    let class_committed = if compact { 11_924 } else { class };
    // Sums of the categories below, reserved and committed.
    let class_reserved = class_committed + 1_038_528;
    let code_reserved = code + 218_000;
    let small = 8_000 + 182;
    let (mut committed, mut reserved) = (
        n.heap + class_committed + stack_committed + code + gc + symbol + internal + small,
        n.heap + class_reserved + stack + code_reserved + gc + symbol + internal + small,
    );
    if !old {
        committed += n.direct + 12_060 + 441 + 94;
        reserved += n.direct + 16_384 + 441 + 94;
    }
    if compact {
        committed += metaspace;
        reserved += 131_398;
    }
    let mut s = format!("{}:\n\nNative Memory Tracking:\n\n", n.pid);
    if jdk.major >= 17 {
        s.push_str("(Omitting categories weighting less than 1KB)\n\n");
    }
    let _ = writeln!(s, "Total: reserved={reserved}KB, committed={committed}KB");
    if jdk.major >= 17 {
        let malloc = n.direct + 41_000;
        let _ = writeln!(
            s,
            "       malloc: {malloc}KB #498222\n       mmap:   reserved={}KB, committed={}KB\n",
            reserved - malloc,
            committed - malloc
        );
    } else if jdk.major == 11 {
        s.push('\n');
    }
    let head = |s: &mut String, name: &str, reserved: u64, committed: u64| {
        let _ = writeln!(
            s,
            "-{name:>26} (reserved={reserved}KB, committed={committed}KB)"
        );
    };
    let pad = "                            ";
    let peak = if jdk.major >= 17 { " (at peak)" } else { "" };
    head(&mut s, "Java Heap", n.heap, n.heap);
    let _ = writeln!(
        s,
        "{pad}(mmap: reserved={0}KB, committed={0}KB) \n ",
        n.heap
    );
    head(&mut s, "Class", class_reserved, class_committed);
    let _ = writeln!(
        s,
        "{pad}(classes #{})\n{pad}(malloc=1876KB #38992){peak} \n{pad}(mmap: reserved=1048576KB, committed={}KB) \n ",
        n.classes,
        class_committed.saturating_sub(1_876)
    );
    head(&mut s, "Thread", stack, stack_committed);
    let _ = writeln!(
        s,
        "{pad}(thread #{})\n{pad}(stack: reserved={stack}KB, committed={stack_committed}KB)\n ",
        n.threads
    );
    head(&mut s, "Code", code_reserved, code);
    let _ = writeln!(
        s,
        "{pad}(malloc=2243KB #13043){peak} \n{pad}(mmap: reserved=247688KB, committed={}KB) \n ",
        code - 2_243
    );
    head(&mut s, "GC", gc, gc);
    let _ = writeln!(
        s,
        "{pad}(malloc=9628KB #104){peak} \n{pad}(mmap: reserved=18988KB, committed=18988KB) \n "
    );
    head(&mut s, "Internal", internal, internal);
    let _ = writeln!(
        s,
        "{pad}(malloc={}KB #{}){peak} \n{pad}(mmap: reserved=36KB, committed=36KB) \n ",
        internal - 36,
        16_473 + if old { n.direct_count } else { 0 }
    );
    if !old {
        head(&mut s, "Other", n.direct, n.direct);
        let _ = writeln!(
            s,
            "{pad}(malloc={}KB #{}){peak} \n ",
            n.direct, n.direct_count
        );
    }
    head(&mut s, "Symbol", symbol, symbol);
    let _ = writeln!(
        s,
        "{pad}(malloc={}KB #420069){peak} \n{pad}(arena=1255KB #1){peak}\n ",
        symbol - 1_255
    );
    head(&mut s, "Native Memory Tracking", 8_000, 8_000);
    let _ = writeln!(
        s,
        "{pad}(malloc=123KB #2118){peak} \n{pad}(tracking overhead=7877KB)\n "
    );
    if !old {
        head(&mut s, "Shared class space", 16_384, 12_060);
        let _ = writeln!(s, "{pad}(mmap: reserved=16384KB, committed=12060KB) \n ");
    }
    head(&mut s, "Arena Chunk", 182, 182);
    let _ = writeln!(s, "{pad}(malloc=182KB #473){peak} \n ");
    if !old {
        head(&mut s, "Module", 441, 441);
        let _ = writeln!(s, "{pad}(malloc=441KB #2951){peak} \n ");
        let synchronizer = if jdk.major == 11 {
            "Synchronizer"
        } else {
            "Synchronization"
        };
        head(&mut s, synchronizer, 94, 94);
        let _ = writeln!(s, "{pad}(malloc=94KB #1048){peak} \n ");
        if jdk.major >= 17 {
            head(&mut s, "Metaspace", 131_398, metaspace);
            let _ = writeln!(
                s,
                "{pad}(malloc=326KB #218){peak} \n{pad}(mmap: reserved=131072KB, committed={}KB) \n ",
                metaspace.saturating_sub(326)
            );
        }
    }
    s.push('\n');
    s
}

/// `/proc/PID/status`, figures in KiB.
pub fn proc_status(pid: u32, rss: u64, anonymous: u64, peak: u64, threads: u64) -> String {
    format!(
        "Name:\tjava\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t256\nGroups:\t \nNStgid:\t{pid}\nNSpid:\t{pid}\nKthread:\t0\nVmPeak:\t{vm:>8} kB\nVmSize:\t{vm:>8} kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t{peak:>8} kB\nVmRSS:\t{rss:>8} kB\nRssAnon:\t{anonymous:>8} kB\nRssFile:\t{file:>8} kB\nRssShmem:\t       0 kB\nVmData:\t{data:>8} kB\nVmStk:\t     132 kB\nVmExe:\t       4 kB\nVmLib:\t   28100 kB\nVmPTE:\t    3012 kB\nVmSwap:\t       0 kB\nThreads:\t{threads}\n",
        vm = rss + 2_847_144,
        file = rss - anonymous,
        data = anonymous + 543_796,
    )
}
