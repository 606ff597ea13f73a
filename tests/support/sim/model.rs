//! A server and its clients as a discrete-event model: who subscribes to what, who reads, what is queued for whom, and how
//! much direct memory that takes.
//!
//! A message to a client that reads is gone within milliseconds; one to a modest link waits for the link; one to a reader
//! that stopped fills the buffers of the kernel and of HTTP/2 first, then direct memory: at least 4 KiB each, rounded up to
//! the classes of Netty's pool, in chunks of 2 or 16 MiB. Releases differ in whom they expel and what they refuse.

use std::collections::{BTreeMap, VecDeque};

use super::release::{Jdk, Release};
use super::rng::Rng;
use super::writer::{Nmt, Style, Writer, nmt_report, proc_status};

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub group: &'static str,
    /// Bytes of one push.
    pub bytes: u64,
    pub instances: u32,
    /// Mean milliseconds between two changes.
    pub every_ms: i64,
    /// Changes begin and end here.
    pub from: i64,
    pub until: i64,
}

/// A configuration.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_id: String,
    pub every_ms: i64,
    /// Bytes of its text, which every listener fetches; 0: no matter.
    pub bytes: u64,
}

/// A client process (or several behind one address).
#[derive(Clone, Debug)]
pub struct Client {
    /// Address that it declares, and the one its connections come from.
    pub declared: String,
    pub peer: String,
    pub naming: usize,
    pub services: Vec<usize>,
    pub listeners: usize,
    pub configs: Vec<usize>,
    /// Bytes a second that its link takes; `None`: no matter.
    pub link: Option<u64>,
    /// Milliseconds to an acknowledgement.
    pub latency: (i64, i64),
    pub sdk: &'static str,
    pub logs_in: bool,
    /// When it first connects.
    pub joins: i64,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The client stops reading, for good or for a while.
    Freeze {
        client: usize,
        at: i64,
        until: Option<i64>,
    },
    /// Its link takes this many bytes a second for a while.
    Throttle {
        client: usize,
        at: i64,
        until: i64,
        link: u64,
    },
    /// Killed, and started again after a while.
    Restart { client: usize, at: i64, down: i64 },
    /// One address logs in over and over.
    Logins {
        ip: String,
        user: &'static str,
        at: i64,
        until: i64,
        per_s: f64,
        status: u32,
    },
    /// One address opens and closes connections.
    Connections {
        ip: String,
        at: i64,
        until: i64,
        per_s: f64,
    },
    /// One address registers and deregisters.
    Registrations {
        ip: String,
        at: i64,
        until: i64,
        per_s: f64,
    },
    /// The client subscribes to its services over and over.
    Subscriptions {
        client: usize,
        at: i64,
        until: i64,
        per_s: f64,
    },
    /// Configurations are published in a loop.
    Publishing { at: i64, until: i64, per_s: f64 },
    /// Work between servers fails; each request that is refused leaves so many bytes behind.
    Peers {
        at: i64,
        until: i64,
        per_s: f64,
        bytes: u64,
    },
    /// Errors that say nothing about memory.
    Noise { at: i64, until: i64, per_s: f64 },
    /// The server itself loses direct buffers.
    Leak { at: i64, bytes_per_s: f64 },
    /// A native library loses memory that the JVM does not know of.
    Native { at: i64, bytes_per_s: f64 },
    /// The server is restarted, in order or killed.
    ServerRestart { at: i64, down: i64, killed: bool },
    /// The same, some time after the first allocation failed.
    RestartAfterFailure { after: i64, down: i64 },
}

/// How memory was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Files with the local time in their names.
    Files,
    /// Files with UTC in their names, and nothing that says so.
    FilesUtc,
    /// One file, each report under a line of `date`.
    Loop,
    /// The same under `date -u`.
    LoopUtc,
    /// Not at all.
    Not,
}

/// A case before it is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub release: Release,
    pub jdk: Jdk,
    pub zone: (i64, &'static str),
    /// Milliseconds since 1970 of its beginning.
    pub epoch: i64,
    pub lasts: i64,
    pub own_ip: String,
    pub clients: Vec<Client>,
    pub services: Vec<Service>,
    pub configs: Vec<Config>,
    pub faults: Vec<Fault>,
    pub limit: u64,
    /// Options of the JVM for heap, collector and limit.
    pub options: String,
    /// `VM.flags` of it.
    pub flags: String,
    pub heap: u64,
    /// Direct memory without any load, and chunks that are there from the start.
    pub base: u64,
    pub first_chunks: u64,
    /// The part of its highest level that the pool keeps.
    pub keeps: f64,
    pub pooled: bool,
    /// Bytes of kernel and HTTP/2 buffers before anything waits in direct memory, for each connection.
    pub slack: u64,
    pub watch: Watch,
    pub watch_every: i64,
    /// Reports taken at all.
    pub watch_most: usize,
    pub physical: u64,
    pub auth: bool,
    /// KiB that the allocator's arenas, and files that are mapped, come to take of resident memory in a healthy process.
    pub arenas: u64,
    pub mapped: u64,
    /// Pushes go out over UDP (1.4): nothing is queued for anybody.
    pub udp: bool,
}

#[derive(Clone, Debug)]
struct Message {
    push: usize,
    size: u64,
    held: u64,
}

#[derive(Clone, Debug)]
struct Connection {
    id: String,
    client: usize,
    config: bool,
    opened: i64,
    /// When it has asked for its services; with no room for the answers it never gets to it.
    subscribed: i64,
    open: bool,
    registered: bool,
    /// A failed allocation closed its stream.
    broken: bool,
    queue: VecDeque<Message>,
    waiting: u64,
    held: u64,
    last_send: i64,
    last_active: i64,
    asked: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Naming(usize),
    Config(usize, u32),
}

#[derive(Clone, Debug)]
struct Push {
    connection: usize,
    what: What,
    sent: i64,
    since: i64,
    single: bool,
    done: bool,
    timed_out: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Join(usize),
    Change(usize),
    RunPush(usize),
    Timeout(usize),
    Ack(usize),
    Deliver(usize),
    ConfigChange(usize),
    ConfigRetry(usize, usize, u32),
    Listen(usize),
    Fetched(usize, u64),
    Fault(usize),
    FaultEnds(usize),
    Flood(usize),
    UdpAgain(usize, String),
    UdpGivenUp(usize, String),
    Tick,
    ServerUp,
}

#[derive(Clone, Debug, Default)]
struct State {
    frozen: Option<i64>,
    down: bool,
    link: Option<u64>,
    order: VecDeque<usize>,
    sending: bool,
    held: u64,
    /// Bytes of answers on their way over its link, and when the link is through with them.
    fetching: u64,
    fetched_at: i64,
    logged_in: bool,
}

#[derive(Clone, Debug)]
struct Pending {
    all: bool,
    only: Vec<usize>,
    since: i64,
}

/// What the model measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Failed allocations that the logs tell of, and the time of the first.
    pub failures: u64,
    /// The same by the file that tells.
    pub told_in: BTreeMap<&'static str, u64>,
    pub first_failure: Option<i64>,
    /// Memory second by second (sparser for long runs).
    pub curve: Vec<(i64, u64)>,
    /// Bytes held by address at the first failure, else at the end; and the most ever held.
    pub held: BTreeMap<String, u64>,
    pub held_most: BTreeMap<String, u64>,
    /// Reports of memory that were written.
    pub watched: Vec<i64>,
    /// Failed pushes, by address and time.
    pub fails: Vec<(i64, String)>,
    /// The server was restarted at this time.
    pub restarted: Option<i64>,
    /// Bytes that the server itself lost.
    pub leaked: u64,
    /// Resident bytes outside the JVM's books.
    pub native: u64,
}

struct Model<'s> {
    s: &'s Scenario,
    w: Writer,
    rng: Rng,
    queue: BTreeMap<(i64, u64), Event>,
    sequence: u64,
    now: i64,
    connections: Vec<Connection>,
    pushes: Vec<Push>,
    states: Vec<State>,
    revisions: Vec<u64>,
    pending: BTreeMap<usize, Pending>,
    held: u64,
    leaked: f64,
    native: f64,
    most_chunks: u64,
    up: bool,
    pid: u32,
    m: Measured,
    dark_until: i64,
    perf: [u64; 3],
    next_watch: i64,
    publisher: String,
    wait_restart: bool,
    high_rss: u64,
}

/// Plays a scenario.
pub fn run(s: &Scenario, mute: bool) -> (Writer, Measured) {
    let style = Style {
        release: s.release,
        jdk: s.jdk,
        zone: s.zone,
        own_ip: s.own_ip.clone(),
    };
    let mut m = Model {
        s,
        w: Writer::new(style, s.epoch, mute),
        rng: Rng::new(s.seed, 7),
        queue: BTreeMap::new(),
        sequence: 0,
        now: 0,
        connections: Vec::new(),
        pushes: Vec::new(),
        states: vec![State::default(); s.clients.len()],
        revisions: vec![0; s.services.len()],
        pending: BTreeMap::new(),
        held: 0,
        leaked: 0.0,
        native: 0.0,
        most_chunks: s.first_chunks,
        up: true,
        pid: 0,
        m: Measured::default(),
        dark_until: 0,
        perf: [0; 3],
        next_watch: 14_000,
        publisher: format!(
            "{}_{}_{}",
            s.epoch + 10_100,
            s.own_ip
                .rsplit_once('.')
                .map_or("10.9.9", |x| x.0)
                .to_owned()
                + ".200",
            36_190
        ),
        wait_restart: false,
        high_rss: 0,
    };
    m.play();
    let Model {
        w,
        mut m,
        held: _,
        states,
        leaked,
        native,
        ..
    } = m;
    if m.first_failure.is_none() {
        for (i, st) in states.iter().enumerate() {
            *m.held.entry(s.clients[i].declared.clone()).or_default() += st.held;
        }
    }
    m.leaked = leaked as u64;
    m.native = native as u64;
    m.fails.clone_from(&w.failures);
    (w, m)
}

impl Model<'_> {
    fn at(&mut self, t: i64, e: Event) {
        self.sequence += 1;
        self.queue.insert((t.max(self.now), self.sequence), e);
    }

    fn play(&mut self) {
        self.start(0);
        for i in 0..self.s.clients.len() {
            self.at(self.s.clients[i].joins.max(10_500), Event::Join(i));
        }
        for i in 0..self.s.services.len() {
            let first = self.s.services[i].from.max(10_200) + self.rng.range(0, 900);
            self.at(first, Event::Change(i));
        }
        for i in 0..self.s.configs.len() {
            let first = 12_000 + self.rng.around(self.s.configs[i].every_ms);
            self.at(first, Event::ConfigChange(i));
        }
        for (i, f) in self.s.faults.iter().enumerate() {
            let at = match f {
                Fault::Freeze { at, .. }
                | Fault::Throttle { at, .. }
                | Fault::Restart { at, .. }
                | Fault::Logins { at, .. }
                | Fault::Connections { at, .. }
                | Fault::Registrations { at, .. }
                | Fault::Subscriptions { at, .. }
                | Fault::Publishing { at, .. }
                | Fault::Peers { at, .. }
                | Fault::Noise { at, .. }
                | Fault::Leak { at, .. }
                | Fault::Native { at, .. }
                | Fault::ServerRestart { at, .. } => *at,
                Fault::RestartAfterFailure { .. } => continue,
            };
            self.sequence += 1;
            self.queue.insert((at, self.sequence), Event::Fault(i));
        }
        self.at(10_000, Event::Tick);
        while let Some(((t, _), e)) = self.queue.pop_first() {
            // A case stays small: evidence is taken early where very much is going on.
            if t > self.s.lasts || self.pushes.len() > 25_000 {
                break;
            }
            self.now = t;
            self.happen(e);
        }
        self.final_files();
    }

    fn happen(&mut self, e: Event) {
        match e {
            Event::Join(c) => self.join(c),
            Event::Change(s) => self.change(s),
            Event::RunPush(s) => self.run_push(s),
            Event::Timeout(p) => self.timeout(p),
            Event::Ack(p) => self.ack(p),
            Event::Deliver(c) => self.deliver(c),
            Event::ConfigChange(c) => self.config_change(c),
            Event::ConfigRetry(k, c, n) => self.config_send(k, c, n),
            Event::Listen(k) => self.listen(k),
            Event::Fetched(c, held) => {
                let held = held.min(self.states[c].fetching);
                self.states[c].fetching -= held;
                self.held -= held;
            }
            Event::Fault(i) => self.fault(i),
            Event::FaultEnds(i) => self.fault_ends(i),
            Event::Flood(i) => self.flood(i),
            Event::UdpAgain(c, key) => {
                self.w.udp_again(self.now, &key);
                let t = self.now + 10_000;
                self.at(t, Event::UdpGivenUp(c, key));
            }
            Event::UdpGivenUp(c, key) => {
                let ip = self.s.clients[c].declared.clone();
                self.w.udp_given_up(self.now, &ip, &key);
            }
            Event::Tick => self.tick(),
            Event::ServerUp => {
                self.up = true;
                let t = self.now;
                self.start(t);
                for i in 0..self.s.clients.len() {
                    self.states[i].logged_in = false;
                    let wait = self.rng.range(9_600, 16_000);
                    if self.states[i].frozen.is_none() {
                        self.at(t + wait, Event::Join(i));
                    }
                }
            }
        }
    }

    // ---- memory

    fn step_bytes(&self) -> u64 {
        self.s.release.chunk()
    }

    fn used_with(&self, more: u64) -> u64 {
        let taken = self.held + self.leaked as u64 + more;
        if !self.s.pooled {
            return self.s.base + self.s.first_chunks * self.step_bytes() + taken;
        }
        let need = (taken + taken / 40).div_ceil(self.step_bytes());
        let kept = (self.most_chunks as f64 * self.s.keeps) as u64;
        self.s.base + need.max(kept).max(self.s.first_chunks) * self.step_bytes()
    }

    fn used(&self) -> u64 {
        self.used_with(0)
    }

    /// Bytes that a message takes in the pool.
    fn cost(&self, size: u64) -> u64 {
        let class = |n: u64| {
            let n = n.max(4096);
            if self.s.release.coarse_pool() || n <= 8192 {
                n.next_power_of_two()
            } else {
                let step = (n.next_power_of_two() / 8).max(1024);
                n.div_ceil(step) * step
            }
        };
        // One buffer holds at most a mebibyte.
        (size >> 20) * (1 << 20)
            + if !size.is_multiple_of(1 << 20) {
                class(size % (1 << 20))
            } else {
                0
            }
    }

    fn take(&mut self, bytes: u64) {
        self.held += bytes;
        let chunks = (self.used() - self.s.base) / self.step_bytes();
        self.most_chunks = self.most_chunks.max(chunks);
    }

    fn failure_text(&self, wanted: u64) -> String {
        let requested = if self.s.pooled {
            wanted.max(self.step_bytes())
        } else {
            wanted
        };
        // The JDK's book and Netty's own are off by the few bytes that neither pool holds.
        let used = if self.s.jdk.no_cleaner {
            self.used() - self.s.base + 279
        } else {
            self.used()
        };
        self.w
            .allocation_text(requested, used.min(self.s.limit), self.s.limit)
    }

    fn failed(&mut self, log: &'static str) {
        self.m.failures += 1;
        *self.m.told_in.entry(log).or_default() += 1;
        if self.m.first_failure.is_none() {
            self.m.first_failure = Some(self.now);
            for (i, st) in self.states.iter().enumerate() {
                *self
                    .m
                    .held
                    .entry(self.s.clients[i].declared.clone())
                    .or_default() += st.held;
            }
        }
        if !self.wait_restart {
            let restart = self.s.faults.iter().find_map(|f| match f {
                Fault::RestartAfterFailure { after, down } => Some((*after, *down)),
                _ => None,
            });
            if let Some((after, down)) = restart {
                self.wait_restart = true;
                let t = self.now + after;
                self.at(t, Event::FaultEnds(usize::MAX));
                self.dark_until = t + down;
            }
        }
    }

    // ---- connections

    fn start(&mut self, t: i64) {
        self.pid = 10_000 + (self.rng.next() % 22_000) as u32;
        let line = command_line(self.s);
        self.w.start(t, &line, self.pid);
        let publisher = self
            .publisher
            .split('_')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        let id = format!("{}_{publisher}_36190", self.w.utc(t + 10_050));
        if self.s.udp {
            return;
        }
        self.w.ready(t + 10_050, &id);
        self.w.registered(
            t + 10_080,
            t + 10_050,
            &id,
            &publisher,
            &publisher,
            36_190,
            "v2.2.3",
            "naming",
        );
        self.publisher = id;
    }

    fn join(&mut self, c: usize) {
        if !self.up || self.states[c].down || self.states[c].frozen.is_some() {
            return;
        }
        for k in self.of_client(c) {
            if self.connections[k].broken {
                self.disconnect(k, false);
            }
        }
        let (client, t) = (self.s.clients[c].clone(), self.now);
        if client.logs_in && !self.states[c].logged_in {
            let cost = self.rng.range(80, 400);
            self.w.login(t, &client.peer, "nacos", 200, cost);
            self.states[c].logged_in = true;
        }
        let have = |m: &Self, config: bool| {
            m.connections
                .iter()
                .filter(|k| k.client == c && k.config == config && k.registered)
                .count()
        };
        let (n, l) = (have(self, false), have(self, true));
        for _ in n..client.naming {
            self.connect(c, false);
        }
        for _ in l..client.listeners {
            self.connect(c, true);
        }
    }

    fn connect(&mut self, c: usize, config: bool) {
        let client = self.s.clients[c].clone();
        let t = self.now + self.rng.range(0, 400);
        let port = self.rng.range(33_000, 60_900) as u16;
        let id = format!("{}_{}_{port}", self.w.utc(t), client.peer);
        let module = if config { "config" } else { "naming" };
        if !self.s.udp {
            self.w.ready(t, &id);
            self.w.registered(
                t + 25,
                t,
                &id,
                &client.declared,
                &client.peer,
                port,
                client.sdk,
                module,
            );
        }
        let full = self.used_with(64 << 10) > self.s.limit;
        let subscribed = t + if full { 3_000 } else { 60 };
        let k = self.connections.len();
        self.connections.push(Connection {
            id,
            client: c,
            config,
            opened: t,
            subscribed,
            open: true,
            registered: true,
            broken: false,
            queue: VecDeque::new(),
            waiting: 0,
            held: 0,
            last_send: -1,
            last_active: t,
            asked: None,
        });
        if config {
            self.at(t + 40, Event::Listen(k));
        } else {
            for s in client.services {
                let first = subscribed + self.rng.range(40, 540);
                self.add_push(s, first, Some(k));
            }
        }
    }

    /// The transport goes; what was queued for it goes with it.
    fn disconnect(&mut self, k: usize, quietly: bool) {
        if !self.connections[k].open {
            return;
        }
        let (id, t) = (self.connections[k].id.clone(), self.now);
        if !quietly && !self.s.udp {
            self.w.terminated(t, &id);
            if self.connections[k].broken {
                self.w.close_exception(t, &id);
            }
            if self.connections[k].registered {
                self.w.unregistered(t + 1, &id);
            }
        }
        self.free(k);
        let k = &mut self.connections[k];
        k.open = false;
        k.registered = false;
    }

    fn free(&mut self, k: usize) {
        let held = std::mem::take(&mut self.connections[k].held);
        self.connections[k].queue.clear();
        self.connections[k].waiting = 0;
        let c = self.connections[k].client;
        self.states[c].held -= held;
        self.held -= held;
        self.states[c].order.retain(|x| *x != k);
    }

    fn of_client(&self, c: usize) -> Vec<usize> {
        (0..self.connections.len())
            .filter(|k| self.connections[*k].client == c && self.connections[*k].open)
            .collect()
    }

    // ---- naming

    fn service_text(&self, s: usize) -> String {
        Writer::service(
            &self.s.services[s].name,
            self.s.services[s].group,
            self.revisions[s],
        )
    }

    fn change(&mut self, s: usize) {
        let svc = &self.s.services[s];
        let (every, until) = (svc.every_ms, svc.until);
        let next = self.now + self.rng.around(every);
        if next < until {
            self.at(next, Event::Change(s));
        }
        if !self.up {
            return;
        }
        let text = self.service_text(s);
        if self.s.udp {
            let name = format!("{}@@{}", self.s.services[s].group, self.s.services[s].name);
            let line = format!("{name} is changed, add it to push queue.");
            self.w
                .record("naming-push.log", self.now, "INFO", &line, &[]);
            self.revisions[s] += 1;
            let t = self.now + 500;
            self.add_push(s, t, None);
            return;
        }
        let publisher = self.publisher.clone();
        self.w.record(
            "naming-server.log",
            self.now,
            "INFO",
            &format!("Client change for service {text}, {publisher}"),
            &[],
        );
        self.revisions[s] += 1;
        let t = self.now + 500;
        self.add_push(s, t, None);
    }

    fn add_push(&mut self, s: usize, t: i64, only: Option<usize>) {
        if let Some(p) = self.pending.get_mut(&s) {
            match only {
                None => p.all = true,
                Some(k) if !p.only.contains(&k) => p.only.push(k),
                Some(_) => {}
            }
            if !self.s.udp {
                let text = self.service_text(s);
                self.w.push_merge(self.now, &text);
            }
            return;
        }
        self.pending.insert(
            s,
            Pending {
                all: only.is_none(),
                only: only.into_iter().collect(),
                since: self.now,
            },
        );
        self.at(t, Event::RunPush(s));
    }

    fn run_push(&mut self, s: usize) {
        let Some(p) = self.pending.remove(&s) else {
            return;
        };
        if !self.up {
            return;
        }
        let targets: Vec<usize> = (0..self.connections.len())
            .filter(|&k| {
                let x = &self.connections[k];
                x.registered
                    && !x.config
                    && x.subscribed <= self.now
                    && self.s.clients[x.client].services.contains(&s)
                    && (p.all || p.only.contains(&k))
            })
            .collect();
        for k in targets {
            if !self.send(
                k,
                What::Naming(s),
                self.s.services[s].bytes,
                p.since,
                !p.all,
            ) {
                // The task ends with the error: who comes later is not served.
                break;
            }
        }
    }

    /// A datagram waits for nobody: it is acknowledged, or sent again twice and given up.
    fn send_udp(&mut self, c: usize, s: usize) {
        let t = self.now;
        let port = 50_000 + c as u16;
        let ip = self.s.clients[c].declared.clone();
        let name = format!("{}@@{}", self.s.services[s].group, self.s.services[s].name);
        let key = format!(
            "{ip},{port},{}",
            790_000_000_000_000 + self.sequence * 9_973
        );
        self.sequence += 1;
        self.w.udp_push(t, &name, &ip, port, &key);
        self.perf[1] += 1;
        if self.states[c].frozen.is_some() || self.states[c].down {
            self.at(t + 10_000, Event::UdpAgain(c, key));
        } else {
            let cost = self.rng.range(1, 40);
            let total = self.perf[1];
            self.w.udp_ack(t + cost, &ip, port, cost, total);
        }
    }

    fn request_id(push: usize) -> u64 {
        push as u64 + 64
    }

    /// Sends; false when an allocation failed and took the task with it.
    fn send(&mut self, k: usize, what: What, size: u64, since: i64, single: bool) -> bool {
        let (t, c) = (self.now, self.connections[k].client);
        if let (true, What::Naming(s)) = (self.s.udp, what) {
            self.send_udp(c, s);
            return true;
        }
        let p = self.pushes.len();
        let id = self.connections[k].id.clone();
        let target = self.s.clients[c].declared.clone();
        self.pushes.push(Push {
            connection: k,
            what,
            sent: t,
            since,
            single,
            done: false,
            timed_out: false,
        });
        let wait = match what {
            What::Naming(_) => 5_000 + self.rng.range(0, 2),
            What::Config(..) => 3_000 + self.rng.range(0, 2),
        };
        let guarded = self.s.release.guarded();
        if self.connections[k].broken {
            if guarded {
                // Taken for a success; then the connection is dropped.
                if let What::Naming(s) = what {
                    let text = self.service_text(s);
                    self.w.push_ok(
                        t,
                        [0, t - since, t - since],
                        single,
                        &text,
                        self.s.services[s].instances,
                        &target,
                    );
                }
                self.disconnect(k, false);
                let back = t + self.rng.range(300, 3_000);
                self.at(back, Event::Join(c));
                return true;
            }
            match what {
                What::Naming(s) => {
                    let text = self.service_text(s);
                    self.w
                        .push_closed(t, &text, Self::request_id(p), &id, &target);
                    self.perf[2] += 1;
                    self.add_push(s, t + 1_000, Some(k));
                }
                What::Config(g, n) => {
                    self.w.config_closed(
                        t,
                        &self.s.configs[g].data_id.clone(),
                        Self::request_id(p),
                        &id,
                    );
                    self.retry_config(k, g, n);
                }
            }
            self.at(t + wait, Event::Timeout(p));
            return true;
        }
        let reading = self.states[c].frozen.is_none();
        let crowded =
            size > 32 << 10 && t - self.connections[k].last_send < 25 && self.rng.chance(0.35);
        let full = self.connections[k].waiting > self.s.slack;
        self.connections[k].last_send = t;
        if guarded && (full || (reading && crowded)) {
            match what {
                What::Naming(s) => {
                    let text = self.service_text(s);
                    self.w
                        .push_busy(t, &text, Self::request_id(p), &id, &target);
                    self.perf[2] += 1;
                    self.add_push(s, t + 1_000, Some(k));
                }
                What::Config(g, n) => {
                    self.w.config_busy(
                        t,
                        &self.s.configs[g].data_id.clone(),
                        Self::request_id(p),
                        &id,
                    );
                    self.retry_config(k, g, n);
                }
            }
            self.at(t + wait, Event::Timeout(p));
            return true;
        }
        // Every message needs its buffers while it is sent.
        let cost = self.cost(size);
        if self.used_with(cost) > self.s.limit {
            self.pushes[p].done = true;
            self.connections[k].broken = true;
            let text = self.failure_text(cost);
            match what {
                What::Naming(s) => {
                    self.failed(if guarded {
                        "logs/remote-digest.log"
                    } else {
                        "logs/naming-server.log"
                    });
                    let service = self.service_text(s);
                    self.w
                        .failed_in_push(t, &text, &service, Self::request_id(p), &id, &target);
                    if reading {
                        let back = t + self.rng.range(60, 300);
                        self.at(back, Event::Join(c));
                    }
                    if guarded {
                        self.add_push(s, t + 1_000, Some(k));
                    }
                    return guarded;
                }
                // The scheduled executor swallows the error of a configuration push.
                What::Config(..) => return true,
            }
        }
        self.at(t + wait, Event::Timeout(p));
        if reading && self.link(c).is_none() && self.connections[k].queue.is_empty() {
            let latency = self.s.clients[c].latency;
            let after = self.rng.range(latency.0, latency.1);
            self.at(t + after, Event::Ack(p));
            return true;
        }
        let held = if self.connections[k].waiting + size <= self.s.slack {
            0
        } else {
            cost
        };
        self.connections[k].waiting += size;
        self.connections[k].held += held;
        self.connections[k].queue.push_back(Message {
            push: p,
            size,
            held,
        });
        self.states[c].held += held;
        self.take(held);
        let most = self.m.held_most.entry(target).or_default();
        *most = (*most).max(self.states[c].held);
        self.states[c].order.push_back(k);
        self.transmit(c);
        true
    }

    fn link(&self, c: usize) -> Option<u64> {
        self.states[c].link.or(self.s.clients[c].link)
    }

    fn transmit(&mut self, c: usize) {
        if self.states[c].sending || self.states[c].frozen.is_some() {
            return;
        }
        let Some(&k) = self.states[c].order.front() else {
            return;
        };
        let size = self.connections[k].queue.front().map_or(0, |m| m.size);
        let rate = self.link(c).unwrap_or(25_000_000);
        self.states[c].sending = true;
        let after = (size * 1000 / rate) as i64;
        self.at(self.now + after, Event::Deliver(c));
    }

    fn deliver(&mut self, c: usize) {
        self.states[c].sending = false;
        if self.states[c].frozen.is_some() || self.states[c].down {
            return;
        }
        let Some(k) = self.states[c].order.pop_front() else {
            return;
        };
        if let Some(m) = self.connections[k].queue.pop_front() {
            self.connections[k].waiting -= m.size;
            self.release(k, m.held);
            // What waited behind moves up into the kernel's buffers.
            let mut ahead = 0;
            let slack = self.s.slack;
            let mut freed = 0;
            for x in &mut self.connections[k].queue {
                ahead += x.size;
                if ahead > slack {
                    break;
                }
                freed += std::mem::take(&mut x.held);
            }
            self.release(k, freed);
            let latency = self.s.clients[c].latency;
            let after = self.rng.range(latency.0, latency.1);
            self.at(self.now + after, Event::Ack(m.push));
        }
        self.transmit(c);
    }

    fn release(&mut self, k: usize, bytes: u64) {
        self.connections[k].held -= bytes;
        let c = self.connections[k].client;
        self.states[c].held -= bytes;
        self.held -= bytes;
    }

    fn ack(&mut self, p: usize) {
        let k = self.pushes[p].connection;
        let c = self.connections[k].client;
        if self.pushes[p].done
            || self.states[c].frozen.is_some()
            || self.states[c].down
            || !self.connections[k].open
        {
            return;
        }
        self.connections[k].last_active = self.now;
        self.pushes[p].done = true;
        if self.pushes[p].timed_out {
            let id = self.connections[k].id.clone();
            self.w.late_ack(self.now, &id, Self::request_id(p));
            return;
        }
        let (t, sent, since, single) = (
            self.now,
            self.pushes[p].sent,
            self.pushes[p].since,
            self.pushes[p].single,
        );
        match self.pushes[p].what {
            What::Naming(s) => {
                self.perf[1] += 1;
                let text = self.service_text(s);
                let target = &self.s.clients[c].declared;
                self.w.push_ok(
                    t,
                    [t - sent, t - since, t - since - 480.min(t - since)],
                    single,
                    &text,
                    self.s.services[s].instances,
                    target,
                );
            }
            What::Config(g, _) => {
                // It fetches the text and listens again.
                let ip = self.s.clients[c].declared.clone();
                let data_id = self.s.configs[g].data_id.clone();
                let cost = self.rng.range(1, 60);
                self.w.config_request(t + 15, cost, &ip, "get", &data_id);
                self.w.config_request(t + 60, 0, &ip, "listen", "1");
                self.fetch(k, g);
            }
        }
    }

    fn timeout(&mut self, p: usize) {
        if self.pushes[p].done || self.pushes[p].timed_out || !self.up {
            return;
        }
        self.pushes[p].timed_out = true;
        let k = self.pushes[p].connection;
        let c = self.connections[k].client;
        let (t, id, target) = (
            self.now,
            self.connections[k].id.clone(),
            self.s.clients[c].declared.clone(),
        );
        let cost = t - self.pushes[p].sent;
        match self.pushes[p].what {
            What::Naming(s) => {
                let text = self.service_text(s);
                self.w
                    .push_timeout(t, cost, &text, Self::request_id(p), &id, &target);
                self.perf[2] += 1;
                if self.connections[k].registered {
                    self.add_push(s, t + 1_000, Some(k));
                }
            }
            What::Config(g, n) => {
                let data_id = self.s.configs[g].data_id.clone();
                self.w.config_timeout(t, &data_id, Self::request_id(p), &id);
                self.retry_config(k, g, n);
            }
        }
    }

    // ---- configurations

    fn config_change(&mut self, g: usize) {
        let next = self.now + self.rng.around(self.s.configs[g].every_ms);
        self.at(next, Event::ConfigChange(g));
        self.publish(g);
    }

    fn publish(&mut self, g: usize) {
        if !self.up {
            return;
        }
        let data_id = self.s.configs[g].data_id.clone();
        let publisher = self
            .publisher
            .split('_')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        let t = self.now;
        let cost = self.rng.range(8, 70);
        self.w
            .config_request(t - 40, cost, &publisher, "publish", &data_id);
        let listening: Vec<usize> = (0..self.connections.len())
            .filter(|&k| {
                let x = &self.connections[k];
                x.registered && x.config && self.s.clients[x.client].configs.contains(&g)
            })
            .collect();
        self.w.config_fan_out(t, listening.len(), &data_id);
        for k in listening {
            self.config_send(k, g, 0);
        }
    }

    /// The text that a listener asks for goes over its link, after what it has asked for before.
    fn fetch(&mut self, k: usize, g: usize) {
        let c = self.connections[k].client;
        let (bytes, t) = (self.s.configs[g].bytes, self.now);
        let Some(rate) = self.link(c).filter(|_| bytes > 0) else {
            return;
        };
        let cost = self.cost(bytes);
        if self.used_with(cost) > self.s.limit {
            let (id, text) = (self.connections[k].id.clone(), self.failure_text(cost));
            self.failed("logs/remote-digest.log");
            self.w.failed_in_request(t, &text, &id);
            return;
        }
        self.take(cost);
        let st = &mut self.states[c];
        st.fetching += cost;
        st.fetched_at = st.fetched_at.max(t) + (bytes * 1000 / rate) as i64;
        let at = st.fetched_at;
        self.at(at, Event::Fetched(c, cost));
    }

    fn config_send(&mut self, k: usize, g: usize, n: u32) {
        if self.up && self.connections[k].registered {
            let t = self.now;
            self.send(k, What::Config(g, n), 140, t, true);
        }
    }

    fn retry_config(&mut self, k: usize, g: usize, n: u32) {
        if !self.connections[k].registered {
            return;
        }
        if n >= 49 {
            let (id, data_id) = (
                self.connections[k].id.clone(),
                self.s.configs[g].data_id.clone(),
            );
            self.w.config_given_up(self.now, &data_id, &id);
            self.connections[k].registered = false;
            self.w.unregistered(self.now + 1, &id);
            return;
        }
        let t = self.now + i64::from(2 * (n + 1)) * 1_000;
        self.at(t, Event::ConfigRetry(k, g, n + 1));
    }

    fn listen(&mut self, k: usize) {
        let c = self.connections[k].client;
        if !self.connections[k].registered || self.states[c].down || !self.up {
            return;
        }
        let next = self.now + 300_000;
        self.at(next, Event::Listen(k));
        if self.states[c].frozen.is_none() {
            self.connections[k].last_active = self.now;
            let ip = self.s.clients[c].declared.clone();
            let n = self.s.clients[c].configs.len().to_string();
            self.w.config_request(self.now, 2, &ip, "listen", &n);
        }
    }

    // ---- what happens

    fn fault(&mut self, i: usize) {
        let t = self.now;
        match self.s.faults[i].clone() {
            Fault::Freeze { client, until, .. } => {
                self.states[client].frozen = Some(t);
                if let Some(u) = until {
                    self.at(u, Event::FaultEnds(i));
                }
            }
            Fault::Throttle {
                client,
                until,
                link,
                ..
            } => {
                self.states[client].link = Some(link);
                self.at(until, Event::FaultEnds(i));
            }
            Fault::Restart { client, down, .. } => {
                self.states[client].down = true;
                for k in self.of_client(client) {
                    self.disconnect(k, false);
                }
                self.states[client].sending = false;
                self.at(t + down, Event::FaultEnds(i));
            }
            Fault::Logins { .. }
            | Fault::Connections { .. }
            | Fault::Registrations { .. }
            | Fault::Subscriptions { .. }
            | Fault::Publishing { .. }
            | Fault::Peers { .. }
            | Fault::Noise { .. } => self.at(t, Event::Flood(i)),
            Fault::ServerRestart { down, killed, .. } => {
                if !killed {
                    self.w.stop(t);
                }
                self.server_down(down, killed);
            }
            Fault::Leak { .. } | Fault::Native { .. } | Fault::RestartAfterFailure { .. } => {}
        }
    }

    fn server_down(&mut self, down: i64, quietly: bool) {
        for k in 0..self.connections.len() {
            self.disconnect(k, quietly);
        }
        for st in &mut self.states {
            st.order.clear();
            st.sending = false;
            self.held -= std::mem::take(&mut st.fetching);
        }
        self.pending.clear();
        self.leaked = 0.0;
        self.most_chunks = self.s.first_chunks;
        self.up = false;
        self.m.restarted = Some(self.now);
        let t = self.now + down;
        self.at(t, Event::ServerUp);
    }

    fn fault_ends(&mut self, i: usize) {
        if i == usize::MAX {
            let down = (self.dark_until - self.now).max(5_000);
            self.server_down(down, true);
            return;
        }
        match self.s.faults[i].clone() {
            Fault::Freeze { client, .. } => {
                self.states[client].frozen = None;
                for k in self.of_client(client) {
                    self.connections[k].last_active = self.now;
                }
                self.transmit(client);
                // Expelled in the meantime: it finds out and comes back.
                let t = self.now + 1_500;
                self.at(t, Event::Join(client));
            }
            Fault::Throttle { client, .. } => self.states[client].link = None,
            Fault::Restart { client, .. } => {
                self.states[client].down = false;
                self.states[client].logged_in = false;
                self.join(client);
            }
            _ => {}
        }
    }

    fn flood(&mut self, i: usize) {
        let t = self.now;
        let (until, per_s) = match self.s.faults[i].clone() {
            Fault::Logins {
                ip,
                user,
                until,
                per_s,
                status,
                ..
            } => {
                let cost = self.rng.range(60, 300);
                if self.up {
                    self.w.login(t, &ip, user, status, cost);
                }
                (until, per_s)
            }
            Fault::Connections {
                ip, until, per_s, ..
            } => {
                if self.up {
                    let port = self.rng.range(33_000, 60_900) as u16;
                    let id = format!("{}_{ip}_{port}", self.w.utc(t));
                    self.w.ready(t, &id);
                    self.w
                        .registered(t + 20, t, &id, &ip, &ip, port, "v2.2.3", "naming");
                    let stays = self.rng.range(100, 800);
                    self.w.terminated(t + stays, &id);
                    self.w.unregistered(t + stays, &id);
                }
                (until, per_s)
            }
            Fault::Registrations {
                ip, until, per_s, ..
            } => {
                if self.up {
                    let s = self.rng.range(0, 59);
                    let text = Writer::service(&format!("batch-{s}"), "DEFAULT_GROUP", 0);
                    let id = format!("{}_{ip}_40112", self.w.utc(self.s.lasts / 5));
                    let what = if self.rng.chance(0.5) {
                        "Client change for service"
                    } else {
                        "Client remove for service"
                    };
                    self.w.record(
                        "naming-server.log",
                        t,
                        "INFO",
                        &format!("{what} {text}, {id}"),
                        &[],
                    );
                }
                (until, per_s)
            }
            Fault::Subscriptions {
                client,
                until,
                per_s,
                ..
            } => {
                let services = &self.s.clients[client].services;
                let s = services[self.rng.range(0, services.len() as i64 - 1) as usize];
                let open = self.of_client(client);
                if let Some(&k) = open.iter().find(|k| !self.connections[**k].config)
                    && self.up
                {
                    let first = t + 500;
                    self.add_push(s, first, Some(k));
                }
                (until, per_s)
            }
            Fault::Publishing { until, per_s, .. } => {
                let g = self.rng.range(0, self.s.configs.len() as i64 - 1) as usize;
                self.publish(g);
                (until, per_s)
            }
            Fault::Peers {
                until,
                per_s,
                bytes,
                ..
            } => {
                if self.up {
                    self.peers_fail(bytes);
                }
                (until, per_s)
            }
            Fault::Noise { until, per_s, .. } => {
                let kind = self.rng.range(0, 2);
                self.w.noise(t, kind);
                (until, per_s)
            }
            _ => return,
        };
        let next = t + self.rng.around((1000.0 / per_s) as i64);
        if next < until {
            self.at(next, Event::Flood(i));
        }
    }

    /// A request of a peer is refused, and what is sent to it fails.
    fn peers_fail(&mut self, bytes: u64) {
        let t = self.now;
        let net = self.s.own_ip.rsplit_once('.').map_or("10.9.9", |x| x.0);
        let peer = format!("{net}.2");
        let id = format!("{}_{net}.{}_40112", self.w.utc(t / 2), 20);
        let done = 90_000 + t as u64;
        self.w
            .refused(t, 0x1f00_0000 + self.sequence % 0xffff, done);
        if self.rng.chance(0.7) {
            self.w.sync_failed(t + 3_000, &id, &peer);
        }
        if self.rng.chance(0.5) {
            self.w.verify_failed(t + 3_000, &id, &peer);
        }
        if self.used_with(bytes) <= self.s.limit {
            self.leaked += bytes as f64;
            self.take(0);
        }
    }

    // ---- the passing of time

    fn tick(&mut self) {
        let t = self.now;
        self.at(t + 1_000, Event::Tick);
        for f in &self.s.faults {
            match *f {
                Fault::Leak { at, bytes_per_s }
                    if t >= at && self.up && self.used_with(bytes_per_s as u64) <= self.s.limit =>
                {
                    self.leaked += bytes_per_s;
                }
                Fault::Native { at, bytes_per_s } if t >= at && self.up => {
                    self.native += bytes_per_s
                }
                _ => {}
            }
        }
        self.take(0);
        let every = (self.s.lasts / 4_000).max(1_000);
        if t / every != (t - 1_000) / every {
            let used = self.used();
            self.m.curve.push((t, if self.up { used } else { 0 }));
        }
        if self.up {
            self.exhausted_tick();
            self.slow_links();
            if !self.s.udp && t / 3_000 != (t - 1_000) / 3_000 {
                self.expel();
                let census = (self.s.lasts / 400).max(3_000);
                if t / census != (t - 3_000) / census {
                    self.census();
                }
            }
            let perf = (self.s.lasts / 60).max(60_000);
            if !self.s.udp && t / perf != (t - 1_000) / perf {
                self.performance();
            }
        }
        if t >= self.next_watch {
            self.next_watch += self.s.watch_every;
            if self.up {
                self.watch();
            }
        }
    }

    /// With no room left, requests fail and clients come back again and again.
    fn exhausted_tick(&mut self) {
        let room = self.step_bytes();
        if self.used_with(64 << 10) <= self.s.limit {
            return;
        }
        let wanted = if self.s.pooled { room } else { 4_096 };
        let text = self.failure_text(wanted);
        for c in 0..self.s.clients.len() {
            if self.states[c].frozen.is_some() || self.states[c].down || !self.rng.chance(0.5) {
                continue;
            }
            let mut again = false;
            for k in self.of_client(c) {
                if self.now - self.connections[k].opened < 2_700 {
                    continue;
                }
                again = true;
                let id = self.connections[k].id.clone();
                let reads = !self.s.jdk.no_cleaner && self.rng.chance(0.6);
                for _ in 0..self.rng.range(1, 3) {
                    self.failed(if reads {
                        "logs/nacos.log"
                    } else {
                        "logs/remote-digest.log"
                    });
                    if reads {
                        self.w.failed_in_transport(self.now, &text);
                        break;
                    }
                    self.w.failed_in_request(self.now, &text, &id);
                }
                if self.rng.chance(0.08) {
                    self.failed("logs/start");
                    let thread = self.rng.range(1, 60) as u32;
                    self.w.failed_on_console(thread, &text);
                }
                self.connections[k].broken = true;
                self.disconnect(k, false);
            }
            if again {
                self.join(c);
            }
        }
    }

    /// A client whose link is so slow that its health checks time out connects anew.
    fn slow_links(&mut self) {
        for c in 0..self.s.clients.len() {
            let Some(rate) = self.link(c) else { continue };
            if self.states[c].frozen.is_some() || self.states[c].down {
                continue;
            }
            let backlog: u64 = self
                .of_client(c)
                .iter()
                .map(|k| self.connections[*k].waiting)
                .sum();
            if backlog / rate.max(1) > 14 && self.rng.chance(0.05) {
                for k in self.of_client(c) {
                    self.w.record("nacos.log", self.now, "WARN", "Stream Error", &["io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception$StreamException: Stream closed before write could take place\n", "\tat io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception.streamError(Http2Exception.java:173)\n"]);
                    self.disconnect(k, false);
                }
                self.states[c].sending = false;
                let t = self.now + self.rng.range(200, 1_500);
                self.at(t, Event::Join(c));
            }
        }
    }

    fn expel(&mut self) {
        if !self.s.release.expels() {
            return;
        }
        for k in 0..self.connections.len() {
            let x = &self.connections[k];
            let Some(since) = self.states[x.client].frozen else {
                continue;
            };
            if !x.registered || self.now - since.max(x.opened) < 20_000 {
                continue;
            }
            let (id, asked) = (x.id.clone(), x.asked);
            if self.s.release.guarded() && x.waiting > self.s.slack {
                self.w.detection(self.now, &id, true);
            } else if let Some(at) = asked {
                if self.now - at < 5_000 {
                    continue;
                }
            } else {
                self.w.detection(self.now, &id, false);
                self.connections[k].asked = Some(self.now);
                continue;
            }
            // Its bytes stay until TCP gives up.
            self.connections[k].registered = false;
            self.w.expelled(self.now, &id);
        }
    }

    fn census(&mut self) {
        let n = self.connections.iter().filter(|k| k.registered).count() + 1;
        let (t, r) = (self.now, self.s.release);
        let log = r.connection_log();
        self.w
            .record(log, t, "INFO", "Connection check task start", &[]);
        if r.from(2, 2, 0) {
            self.w.record(log, t, "INFO", &format!("ConnectionMetrics, totalCount = {n}, detail = {{long_connection={n}, long_polling=0}}"), &[]);
            self.w.record(
                log,
                t,
                "INFO",
                &format!(
                    "Long connection metrics detail ,Total count ={n}, sdkCount={n},clusterCount=0"
                ),
                &[],
            );
        } else {
            self.w.record(
                log,
                t,
                "INFO",
                &format!(
                    "Total count ={n}, sdkCount={n},clusterCount=0, currentLimit=-1, toExpelCount=0"
                ),
                &[],
            );
        }
        if r.expels() {
            self.w
                .record(log, t, "INFO", "Out dated connection ,size=0", &[]);
        }
        self.w
            .record(log, t + 1, "INFO", "Connection check task end", &[]);
    }

    fn performance(&mut self) {
        let (t, s) = (self.now, self.s.services.len());
        let subscribers: usize = self
            .connections
            .iter()
            .filter(|k| k.registered && !k.config)
            .map(|k| self.s.clients[k.client].services.len())
            .sum();
        let [_, ok, bad] = self.perf;
        self.w.record(
            "naming-performance.log",
            t,
            "INFO",
            &format!(
                "PERFORMANCE:|{s}|{s}|{subscribers}|1015|589|{}|{bad}",
                ok + bad
            ),
            &[],
        );
        self.w.record(
            "naming-performance.log",
            t,
            "INFO",
            "Task worker status: \nnaming_0%2, pending tasks: 0\nnaming_1%2, pending tasks: 0\n",
            &[],
        );
        self.w
            .record("naming-performance.log", t, "INFO", "DISTRO:|0|0|0|", &[]);
    }

    fn watch(&mut self) {
        let t = self.now;
        let own = self.s.own_ip.clone();
        if self.s.lasts / self.s.watch_every < 600 {
            let bytes = self.rng.range(18_000, 18_900) as u32;
            let cost = self.rng.range(4, 40);
            self.w.access(
                t + 900,
                &own,
                "GET /nacos/actuator/prometheus",
                200,
                bytes,
                cost,
                "curl/7.88.1",
            );
        }
        if self.m.watched.len() >= self.s.watch_most {
            return;
        }
        let warm = (t as f64 / 60_000.0).min(1.0);
        let n = Nmt {
            pid: self.pid,
            heap: self.s.heap >> 10,
            direct: (self.used() >> 10) + 60 + (warm * 90.0) as u64,
            direct_count: 34 + self.used() / self.step_bytes(),
            classes: 14_200 + (warm * 1_900.0) as u64 + (t / 600_000) as u64,
            threads: 190 + (self.rng.next() % 25),
        };
        let touched =
            (self.s.heap >> 10) * (45 + (t * 50 / self.s.lasts.max(1)) as u64).min(95) / 100;
        // Arenas fill up quickly at first, then slower and slower; files are mapped as they are read.
        let part = (t as f64 / self.s.lasts.max(1) as f64).min(1.0);
        let arenas = (self.s.arenas as f64 * part.sqrt()) as u64;
        let anonymous = touched + n.direct + 160_000 + arenas + (self.native as u64 >> 10);
        let rss = anonymous + 31_716 + (self.s.mapped as f64 * part) as u64;
        self.high_rss = self.high_rss.max(rss);
        let utc = matches!(self.s.watch, Watch::FilesUtc | Watch::LoopUtc);
        match self.s.watch {
            Watch::Not => return,
            Watch::Files | Watch::FilesUtc => {
                let name = self.w.compact(t, utc);
                self.w
                    .put(&format!("nmt/nmt-{name}.txt"), &nmt_report(self.s.jdk, &n));
                self.w.put(
                    &format!("os/status-{name}.txt"),
                    &proc_status(self.pid, rss, anonymous, self.high_rss, n.threads + 4),
                );
            }
            Watch::Loop | Watch::LoopUtc => {
                let heading = self.w.date_line(t, utc);
                self.w.put(
                    "nmt.log",
                    &format!("{heading}\n{}", nmt_report(self.s.jdk, &n)),
                );
                let name = self.w.compact(t, utc);
                self.w.put(
                    &format!("os/status-{name}.txt"),
                    &proc_status(self.pid, rss, anonymous, self.high_rss, n.threads + 4),
                );
            }
        }
        self.m.watched.push(t);
    }

    fn final_files(&mut self) {
        let (pid, s) = (self.pid, self.s);
        self.w
            .put("jvm/vm_flags.txt", &format!("{pid}:\n{} \n", s.flags));
        let (vm, jdk) = s.jdk.vm();
        self.w.put(
            "jvm/vm_version.txt",
            &format!("{pid}:\nOpenJDK 64-Bit Server VM version {vm}\nJDK {jdk}\n"),
        );
        let used = s.physical / 5;
        self.w.put(
            "os/free.txt",
            &format!("               total        used        free      shared  buff/cache   available\nMem:     {:>11} {used:>11} {:>11}     9068544   442757120 {:>11}\nSwap:              0           0           0\n", s.physical, s.physical - used - 451_825_664, s.physical - used),
        );
        self.w.put("conf/application.properties", &format!("server.servlet.contextPath=/nacos\nserver.port=8848\nserver.tomcat.accesslog.enabled=true\nnacos.core.auth.enabled={}\n", s.auth));
    }
}

fn command_line(s: &Scenario) -> String {
    let home = if s.jdk.major == 8 {
        "/usr/lib/jvm/java-8-openjdk-amd64"
    } else {
        "/usr/lib/jvm/java-17-openjdk-amd64"
    };
    let ext = if s.jdk.major == 8 {
        format!("-Djava.ext.dirs={home}/jre/lib/ext:{home}/lib/ext ")
    } else {
        " --add-opens java.base/java.lang=ALL-UNNAMED --add-opens java.base/java.util=ALL-UNNAMED "
            .to_owned()
    };
    let opened = if s.jdk.no_cleaner && s.jdk.major > 8 {
        "--add-opens java.base/java.nio=ALL-UNNAMED --add-opens java.base/jdk.internal.misc=ALL-UNNAMED -Dio.grpc.netty.shaded.io.netty.tryReflectionSetAccessible=true "
    } else {
        ""
    };
    let unpooled = if s.pooled {
        ""
    } else {
        "-Dio.grpc.netty.shaded.io.netty.allocator.type=unpooled "
    };
    let gc = if s.jdk.major == 8 {
        "-Xloggc:/home/nacos/logs/nacos_gc.log -verbose:gc -XX:+PrintGCDetails -XX:+PrintGCDateStamps"
    } else {
        "-Xlog:gc*:file=/home/nacos/logs/nacos_gc.log:time,tags:filecount=10,filesize=100m"
    };
    format!(
        "{home}/bin/java {ext}-XX:NativeMemoryTracking=summary {opened}{unpooled}{} -Dnacos.standalone=true -Dnacos.member.list= {gc} -Dloader.path=/home/nacos/plugins -Dnacos.home=/home/nacos -jar /home/nacos/target/nacos-server.jar  --spring.config.additional-location=file:/home/nacos/conf/ --logging.config=/home/nacos/conf/nacos-logback.xml --server.max-http-header-size=524288",
        s.options
    )
}
