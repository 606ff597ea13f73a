//! The English sentences, by id, sorted.

/// The template of a sentence.
#[must_use]
pub(super) fn template(id: &str) -> Option<&'static str> {
    TEMPLATES
        .binary_search_by(|(k, _)| (*k).cmp(id))
        .ok()
        .map(|i| TEMPLATES[i].1)
}

/// All of them.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    (
        "blame.burst",
        "a burst from {subject} at that time accounts for the load",
    ),
    (
        "blame.client",
        "{ip} accounts for the bytes (confidence {confidence|pct})",
    ),
    (
        "burst.after-failure",
        "it begins at {from}, after allocations failed at {other}: clients that lose their server come back, an effect",
    ),
    (
        "burst.ends-before",
        "it was over at {to}; memory began to grow after {other}",
    ),
    (
        "burst.little-overlap",
        "little of the growth since {other} falls into it",
    ),
    (
        "burst.memory-flat",
        "direct memory did not move meanwhile ({level|bytes})",
    ),
    (
        "burst.starts-after",
        "it begins at {from}, long after memory began to grow ({other})",
    ),
    (
        "burst.with-growth",
        "direct memory, rising since {other}, grew while it lasted ({from} to {to})",
    ),
    (
        "connection-storm.claim",
        "{n|n} connections from {ip} between {from} and {to}, {rate|x} a minute at most (usual: {usual|x})",
    ),
    (
        "connection-storm.find",
        "Find what opens connections on {ip}: a client made for each call, or a process that is restarted in a loop",
    ),
    (
        "connection-storm.lasting",
        "Keep one client per process; set a limit of connections per address",
    ),
    (
        "connection-storm.title",
        "{ip} opened {n|n} connections in {lasts|dur}",
    ),
    (
        "direct-buffer-leak.detect",
        "Run one node with -Dio.grpc.netty.shaded.io.netty.leakDetection.level=advanced and look for LEAK records",
    ),
    (
        "direct-buffer-leak.no-client",
        "direct memory grew from {base|bytes} to {peak|bytes} since {onset} while only {failed|n} pushes failed",
    ),
    (
        "direct-buffer-leak.records",
        "Netty reported {n|n} buffers that were collected and never released",
    ),
    (
        "direct-buffer-leak.title",
        "Direct memory grows and no client is to blame",
    ),
    ("evidence-gap.absent", "not among the inputs: {what}"),
    (
        "evidence-gap.access-log",
        "Turn on the access log (server.tomcat.accesslog.enabled=true): only it tells who logs in",
    ),
    (
        "evidence-gap.connection-log",
        "Add remote-digest.log (and nacos.log): they tell which connections stay open",
    ),
    (
        "evidence-gap.flags",
        "Take the flags: jcmd {pid} VM.flags; jcmd {pid} VM.command_line",
    ),
    (
        "evidence-gap.heap-dump",
        "Take a heap dump before any restart: jcmd {pid} GC.heap_dump -all /tmp/nacos.hprof (it names the client that bytes are held for)",
    ),
    (
        "evidence-gap.nmt",
        "Take NMT every minute: jcmd {pid} VM.native_memory summary (needs -XX:NativeMemoryTracking=summary; else the actuator's jvm_buffer_memory_used_bytes)",
    ),
    (
        "evidence-gap.push-log",
        "Add naming-push.log and remote-push.log: they tell which clients' pushes fail",
    ),
    ("evidence-gap.title", "{n} kinds of evidence are missing"),
    (
        "exhausted.claim",
        "{n|n} allocations of direct memory failed between {first} and {last}",
    ),
    (
        "exhausted.claim-near",
        "{used|bytes} of {limit|bytes} direct memory were in use ({ratio|pct})",
    ),
    (
        "exhausted.claim-undated",
        "{n|n} allocations of direct memory failed (the log prints no time)",
    ),
    (
        "exhausted.request",
        "up to {requested|bytes} were asked for with {used|bytes} in use, limit {limit|bytes}",
    ),
    (
        "exhausted.title",
        "Direct memory is exhausted: {used|bytes} of {limit|bytes} in use, {n|n} allocations failed",
    ),
    (
        "exhausted.title-bare",
        "Direct memory is exhausted: {n|n} allocations failed",
    ),
    (
        "exhausted.title-near",
        "Direct memory is nearly exhausted: {used|bytes} of {limit|bytes} ({ratio|pct})",
    ),
    (
        "faulty-client.after-exhaustion",
        "its failures begin at {first}, after memory was exhausted at {other}: then pushes fail to everybody",
    ),
    (
        "faulty-client.after-growth",
        "its failures begin at {first}, {lag} after memory began to grow ({other})",
    ),
    (
        "faulty-client.before-growth",
        "its failures begin at {first}, {lag} before memory began to grow ({other})",
    ),
    (
        "faulty-client.bounded",
        "Nacos {release} refuses to queue for a stream that is not ready",
    ),
    (
        "faulty-client.cut-off",
        "Restart or cut off {ip} (connections below); on the server: ss -K dst {ip}, or reject its traffic with a TCP reset",
    ),
    (
        "faulty-client.everywhere",
        "pushes to several clients fail alike and at once",
    ),
    (
        "faulty-client.expelled",
        "the server expelled {n} of its connections for their silence",
    ),
    (
        "faulty-client.fails",
        "{n|n} pushes to {ip} failed over {lasts|dur}, from {first} to {last}",
    ),
    (
        "faulty-client.fix-client",
        "Fix the application on {ip}: update its Nacos client, keep listener callbacks off the receiving thread, watch its collections",
    ),
    (
        "faulty-client.late-acks",
        "it acknowledged {n|n} pushes after the time-out: slow, not dead",
    ),
    (
        "faulty-client.look-at",
        "Look at {ip}: full collections, OutOfMemoryError, CPU, a blocked listener callback; its SDK is {sdk}",
    ),
    (
        "faulty-client.never-delivered",
        "no push to {ip} was ever acknowledged",
    ),
    (
        "faulty-client.nothing-delivered",
        "{earlier|n} pushes to {ip} were acknowledged before {since}, none since",
    ),
    (
        "faulty-client.reconnects",
        "it opened {n} new connections meanwhile",
    ),
    (
        "faulty-client.sends-refused",
        "{n|n} sends to {ip} were refused because its queue is full (errCode 601)",
    ),
    (
        "faulty-client.share",
        "{share|pct} of all failed pushes are to {ip}",
    ),
    (
        "faulty-client.stays-connected",
        "{n} of its {all} connections stayed open all the while ({ids})",
    ),
    (
        "faulty-client.still-delivers",
        "{n|n} pushes to it were acknowledged in between",
    ),
    (
        "faulty-client.title",
        "{ip} stopped reading: {n|n} pushes to it failed since {first}",
    ),
    (
        "faulty-client.unbounded",
        "Nacos {release} queues without bound for a client that does not read (until 2.3.1)",
    ),
    (
        "faulty-client.went-silent",
        "{ip} asked for configurations until {since} and never again, though connected; {n|n} notifications without an address failed from {began} on",
    ),
    (
        "faulty-client.with-growth",
        "its failures begin at {first}, within {lag} of the growth of memory ({other})",
    ),
    (
        "growth.bursts",
        "it rises to {peak|bytes} and falls back again and again; {last|bytes} at the end",
    ),
    ("growth.from", "{base|bytes} until {onset} ({source})"),
    ("growth.goes-on", "{peak|bytes} at {top}, and still rising"),
    (
        "growth.plateau",
        "{peak|bytes} since {top}, then level: a pool keeps what it grew to",
    ),
    (
        "growth.returned",
        "{peak|bytes} at {top}, and back to {last|bytes}",
    ),
    (
        "growth.steady",
        "memory rose without a pause from {onset} to {top}, to {peak|bytes}",
    ),
    (
        "growth.title",
        "Direct memory rose from {base|bytes} to {peak|bytes}",
    ),
    (
        "growth.title-rate",
        "Direct memory rose from {base|bytes} to {peak|bytes}, at {rate|rate}",
    ),
    (
        "growth.title-until",
        "Direct memory grows by {rate|rate}: it reaches its limit in {left|dur}",
    ),
    ("growth.to-limit", "{peak|bytes} at {top}: the limit"),
    (
        "limit-sizing.inert",
        "{option} stands behind -jar: the JVM never sees it",
    ),
    (
        "limit-sizing.refused",
        "the JVM refuses the value {value} of MaxDirectMemorySize",
    ),
    (
        "limit-sizing.set",
        "Set {flag} (half the heap, at least 1.25 times the highest use seen)",
    ),
    (
        "limit-sizing.title",
        "The limit of direct memory deserves a look",
    ),
    (
        "limit-sizing.under",
        "the limit of {limit|bytes} is under a quarter of the heap ({heap|bytes})",
    ),
    (
        "limit-sizing.unset",
        "-XX:MaxDirectMemorySize is not set: {limit|bytes} follow from the heap",
    ),
    (
        "limit-sizing.unset-unknown",
        "-XX:MaxDirectMemorySize is not set",
    ),
    (
        "limit-too-small.chunk",
        "a request of {requested|bytes} (a chunk of Netty's pool) against a limit of {limit|bytes}",
    ),
    (
        "limit-too-small.near",
        "{steady|bytes} of {limit|bytes} are in use at ordinary load",
    ),
    (
        "limit-too-small.quarter",
        "the limit of {limit|bytes} is under a quarter of the heap ({heap|bytes})",
    ),
    (
        "limit-too-small.set",
        "Set the limit to {to|bytes} (highest use seen: {need|bytes})",
    ),
    (
        "limit-too-small.title",
        "The limit of {limit|bytes} is too small for the load",
    ),
    (
        "limit.exception",
        "{limit|bytes}, as the exception prints it",
    ),
    (
        "limit.flag",
        "{limit|bytes}, set with -XX:MaxDirectMemorySize",
    ),
    (
        "limit.given",
        "{limit|bytes}, given with --max-direct-memory",
    ),
    (
        "limit.heap",
        "{limit|bytes}: not set, so the maximum of the heap ({collector})",
    ),
    (
        "limit.heap-less-survivor",
        "{limit|bytes}: not set, so the maximum of the heap ({heap|bytes}) less one survivor space of {survivor|bytes} ({collector})",
    ),
    (
        "limit.netty-property",
        "{limit|bytes}, set with Netty's property maxDirectMemory",
    ),
    (
        "limit.range",
        "{low|bytes} to {high|bytes}, likely {limit|bytes}: not set, so the maximum of the heap ({heap|bytes}) less a survivor space that {collector} resizes",
    ),
    (
        "login-burst.claim",
        "{n|n} logins from {ip} between {from} and {to}, {rate|x} a minute at most (usual: {usual|x})",
    ),
    (
        "login-burst.find",
        "Find what logs in on {ip} as {user}: a client that keeps no token, or a script without one",
    ),
    (
        "login-burst.jjwt",
        "Nacos {release} makes tokens with jjwt (until 2.2.1)",
    ),
    (
        "login-burst.lasting",
        "Turn on nacos.core.auth.plugin.nacos.token.cache.enable (2.2.1 and later); upgrade to 2.3.1 or later",
    ),
    (
        "login-burst.loop",
        "Nacos {release} makes clients log in every five seconds when authentication is off (until 2.3.1)",
    ),
    (
        "login-burst.title",
        "{ip} logged in {n|n} times in {lasts|dur}",
    ),
    (
        "native.grows",
        "resident memory rose from {from|bytes} to {to|bytes}; beyond the JVM's books by {rate|rate} since {since}",
    ),
    (
        "native.jvm-flat",
        "the JVM's own books grew by {grown|bytes} meanwhile (committed: {committed|bytes}), the rest by {gap|bytes}",
    ),
    (
        "native.jvm-grows",
        "the JVM's own books grew by {grown|bytes} meanwhile",
    ),
    (
        "native.lasting",
        "End what is begun (Deflater.end, Inflater.end, closed streams); set MALLOC_ARENA_MAX=2 when the arenas hold it",
    ),
    (
        "native.smaps",
        "Take /proc/PID/smaps twice, ten minutes apart, and a class histogram (Deflater, Inflater, RocksDB objects)",
    ),
    (
        "native.title",
        "Native memory outside the JVM's books grows by {rate|rate}",
    ),
    (
        "outcome.calm",
        "No leak: direct memory is calm ({used|bytes} of {limit|bytes} at most, {ratio|pct}). {note}",
    ),
    (
        "outcome.calm-no-limit",
        "No leak: direct memory is calm ({used|bytes} at most; the limit is not known). {note}",
    ),
    ("outcome.calm-note", "Worth a look: {title}."),
    ("outcome.cause", "{title}. {state}"),
    (
        "outcome.exhausted",
        "Direct memory was exhausted at {first} (limit {limit|bytes}).",
    ),
    ("outcome.exhausted-bare", "Direct memory was exhausted."),
    (
        "outcome.growing",
        "Direct memory is at {used|bytes} of {limit|bytes} and grows.",
    ),
    (
        "outcome.insufficient",
        "Nothing in these files tells about memory. Take NMT, the actuator's figures or a heap dump.",
    ),
    (
        "outcome.insufficient-note",
        "Nothing in these files tells about memory; {title}.",
    ),
    (
        "outcome.native",
        "Direct memory is calm; the process grows outside the JVM's books.",
    ),
    (
        "outcome.near",
        "Direct memory reached {used|bytes} of {limit|bytes}.",
    ),
    (
        "outcome.undecided",
        "Memory is in trouble, and the evidence does not tell why. {state}",
    ),
    (
        "outcome.undecided-between",
        "Memory is in trouble; {first} and {second} are too close to tell. {state}",
    ),
    (
        "overcommitted.heap",
        "the heap of {heap|bytes} is more than 70 % of physical memory ({physical|bytes})",
    ),
    (
        "overcommitted.set",
        "Keep the heap at {heap|bytes} or below, or give the machine more memory",
    ),
    (
        "overcommitted.sum",
        "heap {heap|bytes}, direct memory {direct|bytes} and about {rest|bytes} for the rest are {sum|bytes} of {physical|bytes}",
    ),
    (
        "overcommitted.title",
        "Heap and direct memory do not fit the machine",
    ),
    (
        "push-fan-out.dominates",
        "{share|pct} of all {n|n} pushes are of {service}",
    ),
    (
        "push-fan-out.returns",
        "direct memory comes and goes between {base|bytes} and {peak|bytes}",
    ),
    (
        "push-fan-out.room",
        "Size the limit for the service's size times its subscribers",
    ),
    (
        "push-fan-out.slow-down",
        "Slow down the changes of {service} (a publisher that flaps, a deploy in one step), or raise nacos.naming.push.pushTaskDelay",
    ),
    (
        "push-fan-out.smaller",
        "Make {service} smaller: less metadata per instance, clusters, fewer subscribers per server",
    ),
    (
        "push-fan-out.spread",
        "{n|n} failed pushes are spread over {clients} clients",
    ),
    (
        "push-fan-out.title",
        "Each change of {service} goes to about {subscribers|n} subscribers at once",
    ),
    (
        "push-fan-out.wide",
        "each change of {service} ({instances|n} instances a push) sets off about {subscribers|n} pushes",
    ),
    (
        "registration-storm.claim",
        "{n|n} registrations and removals by {ip} between {from} and {to}, {rate|x} a minute at most (usual: {usual|x})",
    ),
    (
        "registration-storm.find",
        "Find what registers in a loop on {ip}: a failing health check, a deploy script",
    ),
    (
        "registration-storm.lasting",
        "Register batches at once, and keep a client for the life of its process",
    ),
    (
        "registration-storm.title",
        "{ip} registered and removed instances {n|n} times in {lasts|dur}",
    ),
    (
        "remedy.larger-limit-buys-time",
        "A larger limit only buys time while a client is stuck",
    ),
    (
        "remedy.restart-last",
        "Restart the server last: that frees the memory and destroys the evidence",
    ),
    (
        "remedy.restart-last-returns",
        "Restart the server last: with the cause still there the memory is full again in about {left|dur}",
    ),
    (
        "remedy.take-evidence",
        "First take what a restart destroys: jcmd {pid} GC.heap_dump -all /tmp/nacos.hprof; jcmd {pid} VM.native_memory summary; ss -tnmpi",
    ),
    (
        "remedy.upgrade-guard",
        "Upgrade from {release} to 2.3.1 or later: it refuses to queue for a client that does not read, and expels it",
    ),
    (
        "remedy.upgrade-guard-unknown",
        "Make sure that the release is 2.3.1 or later: it refuses to queue for a client that does not read",
    ),
];
