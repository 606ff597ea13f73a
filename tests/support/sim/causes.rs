//! What is simulated: each seed draws a cause, its size, the load around it, a release, a JDK, distractions and gaps.
//!
//! Sizes that decide whether a limit is reached are found by a trial run without a limit; the limit is then set so that it
//! is reached at a drawn moment, or never.

use super::damage::Damage;
use super::model::{Client, Config, Fault, Measured, Scenario, Service, Watch, run};
use super::release::{ALL, Jdk, Release};
use super::rng::Rng;

/// What is wrong, or only looks so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// One reader stops.
    Stuck,
    /// One reader stops, its services are small and change seldom: hours until it shows.
    SlowLeaker,
    /// Several readers stop, one after the other.
    SeveralLeakers,
    /// Many failures of a client that holds little, few of one that holds much.
    LoudAndLittle,
    /// Listeners of configurations stop: many tiny messages.
    TinyMessages,
    /// A reader stops, memory runs out, the server is restarted, everybody comes back.
    RestartAfterFailure,
    /// A reader stops; some address floods the server with logins before, after or at any time.
    LoginsAndLeaker,
    /// One of many clients behind one address stops reading.
    BehindGateway,
    /// One of the clients stops while a wave of deployments restarts the others.
    LeakerInDeployWave,
    /// Services too large for so many subscribers on modest links.
    FanOut,
    /// Ordinary load from many services, and a limit below what it needs.
    LimitTooSmall,
    /// The server itself loses buffers.
    ServerLeak,
    /// A native library loses memory.
    NativeLeak,
    /// A release that expels: memory steps up and stays.
    Expelled,
    /// A release that refuses to queue.
    Guarded,
    /// A throttled link, for a while.
    SlowLink,
    /// Readers that pause and go on.
    Pauses,
    /// A wave of deployments.
    DeployWave,
    /// Many clients behind one address, some of them restarted.
    Gateway,
    /// A flood of logins and nothing else.
    Logins,
    /// A flood of connections and nothing else.
    Connections,
    /// A flood of registrations and nothing else.
    Registrations,
    /// A restart of a healthy server.
    CalmRestart,
    /// Much traffic, all of it read.
    Busy,
    /// Little traffic.
    Quiet,
    /// One client subscribes in a loop to very many services.
    Subscriptions,
    /// Configurations that very many listen to are published in a loop.
    ConfigStorm,
    /// Work between servers piles up and is refused.
    PeerBacklog,
    /// A server of 1.4, which pushes over UDP and queues for nobody.
    UdpServer,
    /// A server that is used for configurations alone; listeners stop.
    ConfigsOnly,
    /// A quiet client holds nearly all; another fails loudly around its own restart, somebody logs in, errors flood in.
    RedHerring,
    /// A reader stops, and a native library loses memory.
    TwoCauses,
}

impl Cause {
    /// All, in the order of the table.
    pub const ALL: [Self; 32] = [
        Self::Stuck,
        Self::SlowLeaker,
        Self::SeveralLeakers,
        Self::LoudAndLittle,
        Self::TinyMessages,
        Self::RestartAfterFailure,
        Self::LoginsAndLeaker,
        Self::BehindGateway,
        Self::LeakerInDeployWave,
        Self::FanOut,
        Self::LimitTooSmall,
        Self::ServerLeak,
        Self::NativeLeak,
        Self::Expelled,
        Self::Guarded,
        Self::SlowLink,
        Self::Pauses,
        Self::DeployWave,
        Self::Gateway,
        Self::Logins,
        Self::Connections,
        Self::Registrations,
        Self::CalmRestart,
        Self::Busy,
        Self::Quiet,
        Self::Subscriptions,
        Self::ConfigStorm,
        Self::PeerBacklog,
        Self::UdpServer,
        Self::ConfigsOnly,
        Self::RedHerring,
        Self::TwoCauses,
    ];

    fn leaks(self) -> bool {
        matches!(
            self,
            Self::Stuck
                | Self::SlowLeaker
                | Self::SeveralLeakers
                | Self::LoudAndLittle
                | Self::TinyMessages
                | Self::RestartAfterFailure
                | Self::LoginsAndLeaker
                | Self::BehindGateway
                | Self::LeakerInDeployWave
                | Self::ConfigsOnly
                | Self::RedHerring
                | Self::TwoCauses
        )
    }
}

/// What a right report of a case says.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Rules that are right as verdict; `None` among them: no verdict is right.
    pub right: Vec<Option<&'static str>>,
    /// First subjects that are right; empty: any.
    pub subjects: Vec<String>,
    /// Rule and subject (or any) that would be wrong at high or critical.
    pub not_blamed: Vec<(&'static str, Option<String>)>,
    /// Rules, and whom they name, that are to be told, if only as a finding: a client that failed on and on without harm, a
    /// storm that memory did not mind.
    pub to_be_found: Vec<(&'static str, Option<String>)>,
    /// All of these are to be among the first three causes.
    pub together: Vec<&'static str>,
    /// Whether the logs tell of failed allocations; nobody knows where lines are lost.
    pub exhausted: Option<bool>,
    /// The limit in force, where the files tell it.
    pub limit: Option<u64>,
    /// What was done, in words.
    pub story: String,
}

impl Truth {
    /// There is a cause, and the files show it.
    pub fn caused(&self) -> bool {
        !self.right.contains(&None)
    }

    /// There is none.
    pub fn calm(&self) -> bool {
        self.right == [None]
    }
}

/// A case: scenario, what the files lack, and the cause drawn.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub cause: Cause,
    pub scenario: Scenario,
    /// Beginnings of the paths that are left out.
    pub without: Vec<&'static str>,
    /// What else happened to the files.
    pub damage: Damage,
    culprits: Vec<usize>,
    story: String,
}

impl Case {
    /// Whether the files that begin so are missing.
    pub fn lacks(&self, name: &str) -> bool {
        let left_out = || self.without.iter().any(|w| name.starts_with(w));
        self.damage.hides(name) || !self.damage.leaves_one() && left_out()
    }

    /// The first three numbers of the addresses of its network.
    pub fn net(&self) -> &str {
        self.scenario
            .own_ip
            .rsplit_once('.')
            .map_or("", |(net, _)| net)
    }

    /// An address as the files write it.
    fn shown(&self, ip: &str) -> String {
        if self.damage == Damage::VersionSix {
            ip.replace(&format!("{}.", self.net()), &Damage::six(self.net()))
        } else {
            ip.to_owned()
        }
    }
}

const MIB: u64 = 1 << 20;
const ZONES: &[(i64, &str)] = &[
    (480, "CST"),
    (480, "CST"),
    (480, "CST"),
    (0, "UTC"),
    (60, "CET"),
    (-300, "EST"),
    (330, "IST"),
    (540, "JST"),
];

fn release(rng: &mut Rng, fit: impl Fn(Release) -> bool) -> Release {
    let of: Vec<Release> = ALL.iter().copied().filter(|r| fit(*r)).collect();
    rng.pick(&of)
}

fn service(rng: &mut Rng, i: usize, bytes: u64, every_ms: i64, lasts: i64) -> Service {
    const NAMES: &[&str] = &[
        "order",
        "payment",
        "user-center",
        "inventory",
        "gateway",
        "search",
        "coupon",
        "shipping",
        "risk",
        "report",
    ];
    let name = if i < NAMES.len() {
        NAMES[i].to_owned()
    } else {
        format!("svc-{i}")
    };
    Service {
        name,
        group: if rng.chance(0.85) {
            "DEFAULT_GROUP"
        } else {
            "SHOP"
        },
        bytes,
        // Most services are large by their instances, some by what each of them says about itself.
        instances: (bytes as f64
            / if rng.chance(0.85) {
                rng.log(200.0, 900.0)
            } else {
                rng.log(4_000.0, 60_000.0)
            })
        .clamp(1.0, 5_000.0) as u32,
        every_ms,
        from: 10_200,
        until: lasts,
    }
}

fn client(net: &str, host: i64, services: Vec<usize>, naming: usize) -> Client {
    let ip = format!("{net}.{host}");
    Client {
        declared: ip.clone(),
        peer: ip,
        naming,
        services,
        listeners: 0,
        configs: Vec::new(),
        link: None,
        latency: (2, 30),
        sdk: "v2.2.3",
        logs_in: false,
        joins: 10_500 + host * 13,
    }
}

/// Draws the case of a seed.
pub fn draw(seed: u64) -> Case {
    let mut rng = Rng::new(seed, 1);
    let cause = Cause::ALL[(seed % Cause::ALL.len() as u64) as usize];
    case(seed, cause, &mut rng)
}

#[expect(clippy::too_many_lines, reason = "one arm for each cause")]
fn case(seed: u64, cause: Cause, rng: &mut Rng) -> Case {
    let leaky = |r: Release| r.leaks();
    let rel = match cause {
        c if c.leaks() => release(rng, leaky),
        Cause::Guarded => release(rng, Release::guarded),
        Cause::Expelled => release(rng, |r| r.expels() && !r.guarded()),
        Cause::UdpServer => rng.pick(super::release::OLD),
        Cause::SlowLink | Cause::Pauses => release(rng, |r| !r.guarded()),
        Cause::FanOut | Cause::LimitTooSmall => release(rng, |r| r.from(2, 1, 1) && !r.guarded()),
        _ => release(rng, |_| true),
    };
    let major = if rel.from(3, 0, 0) {
        rng.pick(&[17, 17, 21])
    } else {
        rng.pick(&[8, 8, 8, 11, 17, 17])
    };
    let jdk = Jdk {
        major,
        no_cleaner: major == 8 || rng.chance(0.2),
    };
    let minutes = match cause {
        Cause::SlowLeaker => rng.log(60.0, 420.0),
        Cause::ServerLeak | Cause::NativeLeak => rng.log(8.0, 1_440.0),
        Cause::Quiet => rng.log(5.0, 2_880.0),
        Cause::Busy | Cause::DeployWave | Cause::Gateway => rng.log(5.0, 120.0),
        Cause::FanOut | Cause::LimitTooSmall => rng.log(3.0, 12.0),
        Cause::TwoCauses => rng.log(10.0, 120.0),
        _ => rng.log(4.0, 40.0),
    };
    let lasts = (minutes * 60_000.0) as i64;
    let net = format!(
        "{}.{}.{}",
        rng.pick(&["10", "172", "192"]),
        rng.range(16, 31),
        rng.range(1, 250)
    );
    let net = net.replace("192.", "10.1");
    // The load around it.
    let n_services = rng.range(2, 9) as usize;
    // Records are bounded: the longer a run, the fewer changes.
    let pace = |rng: &mut Rng| (rng.log(700.0, 9_000.0) * (minutes / 8.0).max(1.0)) as i64;
    let mut services: Vec<Service> = (0..n_services)
        .map(|i| {
            let (bytes, every) = (rng.log(2_000.0, 120_000.0) as u64, pace(rng));
            service(rng, i, bytes, every, lasts)
        })
        .collect();
    let n_clients = rng.range(3, 9);
    let mut clients: Vec<Client> = (0..n_clients)
        .map(|i| {
            let some: Vec<usize> = (0..n_services).filter(|_| rng.chance(0.5)).collect();
            let some = if some.is_empty() {
                vec![rng.range(0, n_services as i64 - 1) as usize]
            } else {
                some
            };
            let naming = rng.range(1, 2) as usize;
            client(&net, 20 + i, some, naming)
        })
        .collect();
    let mut configs: Vec<Config> = Vec::new();
    if rng.chance(0.5) || matches!(cause, Cause::TinyMessages | Cause::ConfigsOnly) {
        for i in 0..rng.range(1, 6) {
            configs.push(Config {
                data_id: format!("app-{i}.yaml"),
                every_ms: pace(rng) * 4,
                bytes: 0,
            });
        }
        for c in &mut clients {
            if rng.chance(0.6) {
                c.listeners = 1;
                c.configs = (0..configs.len()).collect();
            }
        }
    }
    let auth = rng.chance(0.35);
    for c in &mut clients {
        c.logs_in = auth;
        c.sdk = rng.pick(&["v2.0.3", "v2.1.2", "v2.2.3", "v2.2.3", "v2.3.2"]);
    }
    let mut faults = Vec::new();
    let mut culprits = Vec::new();
    let story: String;
    let other_ip = format!("{net}.{}", rng.range(100, 180));
    let when = |rng: &mut Rng, low: f64, high: f64| {
        (lasts as f64 * (low + (high - low) * rng.unit())) as i64
    };
    // A reader that stops, with services of its own size.
    let stuck = |rng: &mut Rng,
                 services: &mut Vec<Service>,
                 clients: &mut Vec<Client>,
                 faults: &mut Vec<Fault>,
                 bytes: (f64, f64),
                 count: i64,
                 from: (f64, f64)| {
        let mut own = Vec::new();
        for _ in 0..count {
            let every = pace(rng).max(if lasts > 3_600_000 { lasts / 90 } else { 0 });
            let size = rng.log(bytes.0, bytes.1) as u64;
            own.push(services.len());
            let i = services.len();
            services.push(service(rng, i, size, every, lasts));
        }
        // Others read the same services and go on reading.
        for c in clients.iter_mut().take(2) {
            c.services.extend(own.iter().copied());
        }
        let naming = if lasts > 3_600_000 {
            1
        } else {
            rng.range(1, 3) as usize
        };
        let host = 60 + clients.len() as i64;
        clients.push(client(&net, host, own, naming));
        let c = clients.len() - 1;
        let at = 14_000 + when(rng, from.0, from.1);
        faults.push(Fault::Freeze {
            client: c,
            at,
            until: None,
        });
        c
    };
    let mut fill = None;
    match cause {
        Cause::Stuck
        | Cause::RestartAfterFailure
        | Cause::LoginsAndLeaker
        | Cause::LeakerInDeployWave
        | Cause::Expelled
        | Cause::Guarded => {
            let n = rng.range(1, 4);
            culprits.push(stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (30_000.0, 500_000.0),
                n,
                (0.1, 0.5),
            ));
            fill = Some(rng.chance(0.65));
            story = "one client stops reading".to_owned();
        }
        Cause::SlowLeaker => {
            culprits.push(stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (8_000.0, 120_000.0),
                1,
                (0.05, 0.4),
            ));
            fill = Some(rng.chance(0.3));
            story = "one client stops reading small services that change seldom".to_owned();
        }
        Cause::SeveralLeakers => {
            for _ in 0..rng.range(2, 4) {
                let n = rng.range(1, 2);
                culprits.push(stuck(
                    rng,
                    &mut services,
                    &mut clients,
                    &mut faults,
                    (20_000.0, 400_000.0),
                    n,
                    (0.1, 0.5),
                ));
            }
            fill = Some(rng.chance(0.65));
            story = format!("{} clients stop reading", culprits.len());
        }
        Cause::LoudAndLittle => {
            let holder = stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (300_000.0, 900_000.0),
                1,
                (0.1, 0.4),
            );
            clients[holder].naming = 1;
            let n = rng.range(3, 5);
            let loud = stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (1_000.0, 5_000.0),
                n,
                (0.1, 0.4),
            );
            culprits.extend([holder, loud]);
            fill = Some(rng.chance(0.65));
            story = "a client with large services stops reading, and one with many tiny ones"
                .to_owned();
        }
        Cause::TinyMessages | Cause::ConfigsOnly => {
            configs.clear();
            if cause == Cause::ConfigsOnly {
                services.clear();
                for c in &mut clients {
                    c.services.clear();
                    c.naming = 0;
                }
            }
            let minutes = lasts as f64 / 60_000.0;
            for i in 0..rng.range(2, 6) {
                configs.push(Config {
                    data_id: format!("cfg-{i}"),
                    every_ms: (rng.log(1_500.0, 5_000.0) * (minutes / 6.0).max(1.0)) as i64,
                    bytes: 0,
                });
            }
            for c in clients.iter_mut().take(3) {
                c.listeners = 1;
                c.configs = (0..configs.len()).collect();
            }
            let host = 60 + clients.len() as i64;
            let mut c = client(&net, host, Vec::new(), 0);
            c.listeners = rng.range(1, 3) as usize;
            c.configs = (0..configs.len()).collect();
            clients.push(c);
            culprits.push(clients.len() - 1);
            let at = 14_000 + when(rng, 0.1, 0.4);
            faults.push(Fault::Freeze {
                client: clients.len() - 1,
                at,
                until: None,
            });
            fill = Some(rng.chance(0.5));
            story = "listeners of configurations stop reading".to_owned();
        }
        Cause::BehindGateway => {
            let gateway = format!("{net}.250");
            let n = rng.range(1, 3);
            let c = stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (30_000.0, 400_000.0),
                n,
                (0.1, 0.5),
            );
            for (i, x) in clients.iter_mut().enumerate() {
                if i == c || rng.chance(0.6) {
                    x.peer.clone_from(&gateway);
                    x.declared = format!("172.17.{}.{}", rng.range(0, 30), 2 + i);
                }
            }
            culprits.push(c);
            fill = Some(rng.chance(0.65));
            story = "one of several clients behind one gateway stops reading".to_owned();
        }
        Cause::FanOut => {
            let size = rng.log(150_000.0, 600_000.0) as u64;
            let every = rng.range(11_000, 20_000);
            services.truncate(2);
            for c in &mut clients {
                c.services.retain(|s| *s < 2);
            }
            clients.truncate(4);
            let mut s = service(rng, 9, size, every, lasts);
            s.from = 14_000 + when(rng, 0.1, 0.3);
            services.push(s);
            for i in 0..rng.range(2, 5) {
                let mut c = client(&net, 40 + i, vec![2], rng.range(10, 30) as usize);
                // One change is through before the next.
                c.link = Some(
                    (c.naming as f64 * size as f64 * 1000.0 / every as f64 * rng.log(1.4, 3.0))
                        as u64,
                );
                clients.push(c);
            }
            story = "a large service with many subscribers on modest links".to_owned();
        }
        Cause::LimitTooSmall => {
            services.clear();
            let n = rng.range(4, 8) as usize;
            for i in 0..n {
                let (bytes, every) = (
                    rng.log(60_000.0, 250_000.0) as u64,
                    rng.range(6_000, 14_000),
                );
                services.push(service(rng, i, bytes, every, lasts));
            }
            clients.truncate(2);
            for c in &mut clients {
                c.services = vec![0];
            }
            for i in 0..rng.range(5, 9) {
                let mut c = client(&net, 40 + i, (0..n).collect(), rng.range(3, 7) as usize);
                let load: f64 = services
                    .iter()
                    .map(|s| s.bytes as f64 * 1000.0 / s.every_ms as f64)
                    .sum();
                c.link = Some((c.naming as f64 * load * rng.log(1.5, 3.0)) as u64);
                clients.push(c);
            }
            story = "ordinary load of many services needs more than the limit".to_owned();
        }
        Cause::ServerLeak => {
            let at = when(rng, 0.1, 0.4);
            let rate = rng.log(40.0, 160.0) * MIB as f64 / ((lasts - at) as f64 / 1000.0);
            faults.push(Fault::Leak {
                at,
                bytes_per_s: rate,
            });
            fill = Some(rng.chance(0.5));
            story = "the server loses direct buffers".to_owned();
        }
        Cause::NativeLeak => {
            let at = when(rng, 0.1, 0.3);
            let rate = rng.log(350.0, 1_500.0) * MIB as f64 / ((lasts - at) as f64 / 1000.0);
            faults.push(Fault::Native {
                at,
                bytes_per_s: rate,
            });
            story = "a native library loses memory".to_owned();
        }
        Cause::SlowLink => {
            let (at, c) = (when(rng, 0.15, 0.4), rng.range(0, n_clients - 1) as usize);
            let i = services.len();
            let size = rng.log(60_000.0, 300_000.0) as u64;
            let every = pace(rng);
            services.push(service(rng, i, size, every, lasts));
            clients[c].services.push(i);
            let until = at + when(rng, 0.2, 0.4);
            faults.push(Fault::Throttle {
                client: c,
                at,
                until,
                link: rng.log(20_000.0, 90_000.0) as u64,
            });
            culprits.push(c);
            story = "the link of one client is throttled for a while".to_owned();
        }
        Cause::Pauses => {
            for _ in 0..rng.range(1, 3) {
                let (at, c) = (when(rng, 0.1, 0.6), rng.range(0, n_clients - 1) as usize);
                let pause = (rng.log(4.0, 60.0) * 1000.0) as i64;
                faults.push(Fault::Freeze {
                    client: c,
                    at: at.max(15_000),
                    until: Some(at.max(15_000) + pause),
                });
            }
            story = "readers pause for a while and go on".to_owned();
        }
        Cause::Gateway => {
            let gateway = format!("{net}.250");
            for (i, x) in clients.iter_mut().enumerate() {
                x.peer.clone_from(&gateway);
                x.naming += 2;
                if rng.chance(0.6) {
                    x.declared = format!("172.17.{}.{}", rng.range(0, 30), 2 + i);
                } else {
                    x.declared.clone_from(&gateway);
                }
            }
            story = "many healthy clients behind one gateway".to_owned();
        }
        Cause::CalmRestart => {
            let at = when(rng, 0.3, 0.7).max(20_000);
            faults.push(Fault::ServerRestart {
                at,
                down: rng.range(8_000, 40_000),
                killed: rng.chance(0.4),
            });
            story = "a healthy server is restarted and everybody comes back".to_owned();
        }
        Cause::Busy => {
            for c in &mut clients {
                c.naming += 3;
                if rng.chance(0.4) {
                    c.link = Some(rng.log(3_000_000.0, 20_000_000.0) as u64);
                }
            }
            story = "much traffic, all of it read".to_owned();
        }
        Cause::DeployWave => story = "a wave of deployments restarts the clients".to_owned(),
        Cause::Logins | Cause::Connections | Cause::Registrations => {
            story = "a flood from one address".to_owned()
        }
        Cause::Quiet => story = "little traffic".to_owned(),
        Cause::Subscriptions => {
            let own: Vec<usize> = (services.len()..services.len() + rng.range(60, 120) as usize)
                .inspect(|&i| {
                    let bytes = rng.log(800.0, 12_000.0) as u64;
                    services.push(service(rng, i, bytes, lasts, lasts));
                })
                .collect();
            let mean: u64 = own.iter().map(|s| services[*s].bytes).sum::<u64>() / own.len() as u64;
            let host = 60 + clients.len() as i64;
            let mut c = client(&net, host, own, 1);
            let per_s = rng.log(34.0, 60.0);
            let at = when(rng, 0.15, 0.4).max(16_000);
            if rng.chance(0.4) {
                // Its link takes a part of the answers only: the rest waits while the storm lasts.
                c.link = Some((mean as f64 * per_s * (0.3 + 0.3 * rng.unit())) as u64);
                fill = Some(rng.chance(0.6));
            }
            culprits.push(clients.len());
            faults.push(Fault::Subscriptions {
                client: clients.len(),
                at,
                until: at + rng.range(75_000, 150_000),
                per_s,
            });
            clients.push(c);
            story = "one client subscribes in a loop to very many services".to_owned();
        }
        Cause::ConfigStorm => {
            let fetched = rng.chance(0.5);
            configs.clear();
            for i in 0..rng.range(2, 6) {
                configs.push(Config {
                    data_id: format!("shared-{i}.yaml"),
                    every_ms: pace(rng) * 8,
                    bytes: if fetched {
                        rng.log(20_000.0, 200_000.0) as u64
                    } else {
                        0
                    },
                });
            }
            let per_s = rng.log(1.0, 2.4);
            let mean = configs.iter().map(|c| c.bytes).sum::<u64>() / configs.len() as u64;
            for c in &mut clients {
                c.listeners = (60 / n_clients + rng.range(2, 8)) as usize;
                c.configs = (0..configs.len()).collect();
                if fetched {
                    let load = mean as f64 * per_s * c.listeners as f64;
                    c.link = Some((load * (0.5 + 0.4 * rng.unit())) as u64);
                }
            }
            let at = when(rng, 0.15, 0.4).max(16_000);
            faults.push(Fault::Publishing {
                at,
                until: at + rng.range(70_000, 110_000),
                per_s,
            });
            fill = fetched.then(|| rng.chance(0.6));
            story = "configurations that very many listen to are published in a loop".to_owned();
        }
        Cause::PeerBacklog => {
            let leaves = rng.chance(0.6);
            let at = when(rng, 0.1, 0.4).max(16_000);
            let until = lasts;
            let n = (rng.log(400.0, 1_800.0)).min((until - at) as f64 / 100.0);
            let bytes = if leaves { rng.size(64_000, 128_000) } else { 0 };
            faults.push(Fault::Peers {
                at,
                until,
                per_s: n * 1000.0 / (until - at) as f64,
                bytes,
            });
            fill = leaves.then(|| rng.chance(0.5));
            story = "work between servers is refused".to_owned();
        }
        Cause::UdpServer => {
            for c in &mut clients {
                c.listeners = 0;
            }
            let (at, c) = (when(rng, 0.1, 0.4), rng.range(0, n_clients - 1) as usize);
            faults.push(Fault::Freeze {
                client: c,
                at: at.max(16_000),
                until: None,
            });
            if rng.chance(0.5) {
                let rate = rng.log(40.0, 120.0) * MIB as f64 / ((lasts - at) as f64 / 1000.0);
                faults.push(Fault::Leak {
                    at,
                    bytes_per_s: rate,
                });
                fill = Some(false);
            }
            story = "1.4 pushes over UDP; one client acknowledges nothing any more".to_owned();
        }
        Cause::RedHerring => {
            let c = stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (200_000.0, 800_000.0),
                1,
                (0.1, 0.3),
            );
            clients[c].naming = 1;
            culprits.push(c);
            // Many small services of its own, all of them failing for a minute before it is killed.
            let own: Vec<usize> = (services.len()..services.len() + rng.range(3, 6) as usize)
                .inspect(|&i| {
                    let (bytes, every) = (rng.log(1_000.0, 6_000.0) as u64, pace(rng) / 2);
                    services.push(service(rng, i, bytes, every, lasts));
                })
                .collect();
            clients[0].services = own;
            clients[0].naming = rng.range(2, 4) as usize;
            let at = when(rng, 0.2, 0.6).max(90_000).min(lasts - 30_000);
            let hangs = rng.range(30_000, 75_000);
            faults.push(Fault::Freeze {
                client: 0,
                at: at - hangs,
                until: Some(at),
            });
            faults.push(Fault::Restart {
                client: 0,
                at,
                down: rng.range(2_000, 20_000),
            });
            let noise = when(rng, 0.05, 0.7).max(14_000);
            faults.push(Fault::Noise {
                at: noise,
                until: noise + when(rng, 0.1, 0.3),
                per_s: rng.log(0.5, 6.0),
            });
            let logins = when(rng, 0.05, 0.7).max(14_000);
            faults.push(Fault::Logins {
                ip: other_ip.clone(),
                user: "batch",
                at: logins,
                until: logins + rng.range(20_000, 90_000),
                per_s: rng.log(1.0, 8.0),
                status: rng.pick(&[200, 403]),
            });
            fill = Some(rng.chance(0.65));
            story = "a quiet client stops reading; another fails loudly around its restart, logins and errors flood in".to_owned();
        }
        Cause::TwoCauses => {
            let n = rng.range(1, 3);
            culprits.push(stuck(
                rng,
                &mut services,
                &mut clients,
                &mut faults,
                (60_000.0, 500_000.0),
                n,
                (0.1, 0.4),
            ));
            let at = when(rng, 0.1, 0.3);
            let rate = rng.log(500.0, 1_500.0) * MIB as f64 / ((lasts - at) as f64 / 1000.0);
            faults.push(Fault::Native {
                at,
                bytes_per_s: rate,
            });
            fill = Some(rng.chance(0.5));
            story = "one client stops reading, and a native library loses memory".to_owned();
        }
    }
    if matches!(
        cause,
        Cause::DeployWave | Cause::LeakerInDeployWave | Cause::Gateway
    ) || rng.chance(0.25)
    {
        let begin = when(rng, 0.1, 0.6);
        let gap = rng.range(3_000, 25_000);
        let mut at = begin.max(16_000);
        for c in 0..clients.len() {
            if culprits.contains(&c) || rng.chance(0.2) || at > lasts - 20_000 {
                continue;
            }
            // Some are killed and reset; others hang for a moment before they go.
            let down = rng.range(2_000, 20_000);
            if rng.chance(0.5) {
                faults.push(Fault::Freeze {
                    client: c,
                    at: at - rng.range(1_000, 7_000),
                    until: Some(at),
                });
            }
            faults.push(Fault::Restart {
                client: c,
                at,
                down,
            });
            at += gap;
        }
    }
    let floods = matches!(cause, Cause::LoginsAndLeaker | Cause::Logins);
    // Two storms at once nobody can tell apart.
    let alone = matches!(cause, Cause::Subscriptions | Cause::ConfigStorm);
    if floods || rng.chance(0.12) && !alone {
        let long = (rng.log(20.0, 150.0) * 1000.0).min(lasts as f64 / 3.0) as i64;
        let at = when(rng, 0.02, 0.85).max(12_000);
        let per_s = rng.log(2.0, 14.0) * if floods { 1.0 } else { 0.5 };
        faults.push(Fault::Logins {
            ip: other_ip.clone(),
            user: "batch",
            at,
            until: at + long,
            per_s,
            status: rng.pick(&[200, 200, 403]),
        });
    }
    if cause == Cause::Connections || rng.chance(0.06) && !alone {
        let at = when(rng, 0.1, 0.6).max(12_000);
        faults.push(Fault::Connections {
            ip: other_ip.clone(),
            at,
            until: at + rng.range(30_000, 100_000),
            per_s: rng.log(1.5, 9.0),
        });
    }
    if cause == Cause::Registrations || rng.chance(0.06) && !alone {
        let at = when(rng, 0.1, 0.6).max(12_000);
        faults.push(Fault::Registrations {
            ip: other_ip,
            at,
            until: at + rng.range(30_000, 90_000),
            per_s: rng.log(8.0, 60.0),
        });
    }
    if cause == Cause::RestartAfterFailure {
        let after = rng.range(8_000, 60_000);
        faults.push(Fault::RestartAfterFailure {
            after,
            down: rng.range(8_000, 30_000),
        });
        fill = Some(true);
    }
    // Memory, and how it was watched.
    let chunk = rel.chunk();
    let first_chunks = if chunk > 2 * MIB { 1 } else { rng.size(0, 4) };
    let base = rng.size(300_000, 900_000);
    let watch_every = ((rng.log(5.0, 20.0) * 1000.0) as i64).max(lasts / rng.range(60, 140));
    let watch = rng.pick(&[
        Watch::Files,
        Watch::Files,
        Watch::Files,
        Watch::Files,
        Watch::Loop,
        Watch::Loop,
        Watch::Files,
        Watch::Files,
        Watch::LoopUtc,
        Watch::FilesUtc,
        Watch::Not,
    ]);
    let watch = if matches!(cause, Cause::NativeLeak | Cause::TwoCauses) && watch == Watch::Not {
        Watch::Files
    } else {
        watch
    };
    let zone = rng.pick(ZONES);
    // HTTP/2 lets a mebibyte go unacknowledged; the kernel's buffers may hold less. Tiny messages take long to fill either, so
    // those cases have narrow ones.
    let slack = match cause {
        Cause::TinyMessages | Cause::ConfigsOnly => rng.log(30_000.0, 150_000.0) as u64,
        Cause::FanOut | Cause::LimitTooSmall => rng.log(65_536.0, 260_000.0) as u64,
        _ if rng.chance(0.6) => MIB,
        _ => rng.log(200_000.0, 1_000_000.0) as u64,
    };
    let mut scenario = Scenario {
        seed,
        release: rel,
        jdk,
        zone,
        epoch: 1_795_000_000_000 + rng.range(0, 30 * 86_400_000),
        lasts,
        own_ip: format!("{net}.1"),
        clients,
        services,
        configs,
        faults,
        limit: u64::MAX / 4,
        options: String::new(),
        flags: String::new(),
        heap: 512 * MIB,
        base,
        first_chunks,
        keeps: rng.pick(&[0.0, 0.1, 0.2, 0.35, 0.9]),
        pooled: !rng.chance(0.08) && cause != Cause::UdpServer,
        slack,
        watch,
        watch_every,
        watch_most: if rng.chance(0.08) {
            rng.range(2, 5) as usize
        } else {
            400
        },
        physical: 25_276_510_208,
        auth,
        arenas: rng.range(0, 150_000) as u64,
        mapped: rng.range(0, 120_000) as u64,
        udp: cause == Cause::UdpServer,
    };
    let mut trial = run(&scenario, true).1;
    if matches!(cause, Cause::FanOut | Cause::LimitTooSmall) {
        // Larger services over links as much faster go the same way, with more bytes.
        let idle = scenario.base + scenario.first_chunks * chunk;
        let peak = trial.curve.iter().map(|p| p.1).max().unwrap_or(idle);
        let wanted = rng.log(45.0, 160.0) * MIB as f64;
        let factor = (wanted / (peak - idle).max(MIB) as f64).clamp(1.0, 10.0);
        let scaled = |n: u64| (n as f64 * factor) as u64;
        for x in &mut scenario.services {
            x.bytes = scaled(x.bytes);
        }
        for x in &mut scenario.clients {
            x.link = x.link.map(scaled);
        }
        trial = run(&scenario, true).1;
    }
    set_limit(&mut scenario, rng, cause, fill, &trial);
    if scenario.watch_most < 10 {
        scenario.watch_every = lasts / (scenario.watch_most as i64 + 1);
    }
    let mut without = Vec::new();
    for (what, p) in [
        ("jvm/vm_flags", 0.25),
        ("jvm/vm_version", 0.2),
        ("os/", 0.2),
        ("logs/access_log", 0.2),
        ("logs/start", 0.15),
        ("logs/nacos.log", 0.12),
        ("logs/remote-digest", 0.08),
        ("logs/naming-server", 0.1),
        ("conf/", 0.2),
        ("logs/naming-performance", 0.3),
        ("logs/naming-push", 0.03),
    ] {
        let native = matches!(cause, Cause::NativeLeak | Cause::TwoCauses);
        if rng.chance(p) && !(native && what == "os/") {
            without.push(what);
        }
    }
    Case {
        seed,
        cause,
        scenario,
        without,
        damage: Damage::draw(seed),
        culprits,
        story,
    }
}

/// Sets the limit by what the trial without one measured, and the options that make it.
fn set_limit(s: &mut Scenario, rng: &mut Rng, cause: Cause, fill: Option<bool>, trial: &Measured) {
    let chunk = s.release.chunk();
    let peak = trial.curve.iter().map(|p| p.1).max().unwrap_or(0);
    let at = |part: f64| {
        let t = (s.lasts as f64 * part) as i64;
        trial
            .curve
            .iter()
            .filter(|p| p.0 <= t)
            .map(|p| p.1)
            .max()
            .unwrap_or(peak)
    };
    let idle = s.base + s.first_chunks * chunk;
    let floor = (idle + 4 * chunk).max(if rng.chance(0.9) { 24 * MIB } else { 12 * MIB });
    let limit = match (cause, fill) {
        // A release that expels or refuses is not filled by one client.
        (Cause::Expelled | Cause::Guarded, _) => (peak as f64 * rng.log(1.6, 6.0)) as u64,
        (Cause::FanOut | Cause::LimitTooSmall, _)
        | (Cause::Subscriptions | Cause::ConfigStorm, Some(true)) => {
            idle + ((peak - idle) as f64 * (0.45 + 0.3 * rng.unit())) as u64
        }
        (_, Some(true)) => at(0.6 + 0.3 * rng.unit()),
        (_, Some(false)) => (peak as f64 * rng.log(1.12, 2.5)) as u64,
        _ => (peak as f64 * rng.log(1.8, 8.0)) as u64,
    };
    let limit = limit.max(floor).div_ceil(4 * MIB) * 4 * MIB;
    let heap = *[256u64, 512, 1024, 2048]
        .iter()
        .find(|h| **h * MIB >= limit.min(2048 * MIB))
        .unwrap_or(&2048);
    let heap = heap * rng.pick(&[1, 1, 2, 4]);
    s.heap = heap * MIB;
    let parallel = "-XX:+UseParallelGC ";
    let derived = match s.jdk.major {
        8 => 503_316_480,
        _ => 515_375_104,
    };
    // The limit of the start script, where it comes near the one wanted.
    let by_script = s.jdk.major == 8 || s.jdk.major == 17 && s.jdk.no_cleaner;
    let near = limit > derived / 2 && limit < derived * 2;
    if by_script && (near || fill.is_none() && limit < derived && rng.chance(0.2)) {
        s.limit = derived;
        s.heap = 512 * MIB;
        s.options = format!(
            "{}-Xms512m -Xmx512m -Xmn256m",
            if s.jdk.major == 8 { "" } else { parallel }
        );
        s.flags = "-XX:CICompilerCount=2 -XX:InitialHeapSize=536870912 -XX:MaxHeapSize=536870912 -XX:MaxNewSize=268435456 -XX:MinHeapDeltaBytes=524288 -XX:NativeMemoryTracking=summary -XX:NewSize=268435456 -XX:OldSize=268435456 -XX:+UseCompressedClassPointers -XX:+UseCompressedOops -XX:+UseParallelGC".to_owned();
        return;
    }
    s.limit = limit;
    // As people write it: mebibytes, kibibytes, bytes, whole gibibytes; or Netty's own property.
    let by_property = s.jdk.no_cleaner && rng.chance(0.2);
    let size = match rng.range(0, 5) {
        0 => format!("{}k", limit >> 10),
        1 => limit.to_string(),
        2 if limit.is_multiple_of(1 << 30) => format!("{}G", limit >> 30),
        3 => format!("{}M", limit / MIB),
        _ => format!("{}m", limit / MIB),
    };
    let limited = if by_property {
        format!("-Dio.grpc.netty.shaded.io.netty.maxDirectMemory={limit}")
    } else {
        format!("-XX:MaxDirectMemorySize={size}")
    };
    s.options = format!("{limited} -Xms{heap}m -Xmx{heap}m");
    let collector = if s.jdk.major == 8 {
        "-XX:+UseParallelGC"
    } else {
        "-XX:+UseG1GC"
    };
    let flag = if by_property {
        String::new()
    } else {
        format!("-XX:MaxDirectMemorySize={limit} ")
    };
    s.flags = format!(
        "-XX:CICompilerCount=2 -XX:InitialHeapSize={0} {flag}-XX:MaxHeapSize={0} -XX:MinHeapDeltaBytes=524288 -XX:NativeMemoryTracking=summary -XX:+UseCompressedClassPointers -XX:+UseCompressedOops {collector}",
        s.heap
    );
}

/// A storm that the files show whatever memory did: the rule that tells it, and of whom.
fn told_storm(case: &Case) -> Option<(&'static str, Option<String>)> {
    let s = &case.scenario;
    let whole = matches!(
        case.damage,
        Damage::None | Damage::Rotated | Damage::Crlf | Damage::VersionSix
    );
    let has = |files: &[&str]| whole && files.iter().all(|f| !case.lacks(f));
    match case.cause {
        // With a link that takes it; else its pushes time out, and it is told as a client that fails.
        Cause::Subscriptions
            if has(&["logs/naming-push.log"]) && s.clients[case.culprits[0]].link.is_none() =>
        {
            let ip = case.shown(&s.clients[case.culprits[0]].declared);
            Some(("subscription-storm", Some(ip)))
        }
        Cause::ConfigStorm
            if has(&["logs/remote-push.log"]) && s.clients.iter().all(|c| c.link.is_none()) =>
        {
            Some(("config-push-storm", None))
        }
        Cause::PeerBacklog if has(&["logs/nacos.log"]) => Some(("distro-backlog", None)),
        _ => None,
    }
}

/// What a right report says, by what the model measured.
pub fn truth(case: &Case, m: &Measured) -> Truth {
    let s = &case.scenario;
    let lacks = |what: &str| case.lacks(what);
    // Failures that only a missing file tells of are not told; a restart empties the console.
    let exhausted = m.told_in.iter().any(|(log, _)| {
        let file = if *log == "logs/start" {
            s.release.console()
        } else {
            log
        };
        !case.lacks(&if file.starts_with("logs/") {
            file.to_owned()
        } else {
            format!("logs/{file}")
        }) && (*log != "logs/start" || m.restarted.is_none())
    });
    let peak = m.curve.iter().map(|p| p.1).max().unwrap_or(0);
    let chunk = s.release.chunk();
    let idle = s.base + s.first_chunks * chunk;
    let rise = peak.saturating_sub(idle);
    let at = |part: f64| {
        let t = (s.lasts as f64 * part) as i64;
        m.curve
            .iter()
            .filter(|p| p.0 <= t)
            .map(|p| p.1)
            .next_back()
            .unwrap_or(0)
    };
    let last = at(1.0);
    // Goes on to the end: the last fifth still adds its part.
    let grows = rise >= 4 * chunk
        && rise * 5 >= s.limit
        && last + chunk >= peak
        && last >= at(0.8) + rise / 12
        && last >= at(0.9) + chunk.min(rise / 25);
    let near = peak * 100 >= s.limit * 93;
    let calm_memory = !exhausted
        && peak * 100 < s.limit * 80
        && (rise <= 2 * chunk || (last <= at(0.6) + chunk && !grows) || last < idle + rise / 3);
    let seen = m.watched.len() >= 12 && !lacks("nmt/");
    let trouble = exhausted || seen && (grows || near);
    let mut ranked: Vec<(&String, u64)> = m.held.iter().map(|(k, v)| (k, *v)).collect();
    ranked.sort_by_key(|(k, v)| (std::cmp::Reverse(*v), (*k).clone()));
    let total: u64 = ranked.iter().map(|x| x.1).sum();
    let first = ranked.first().map_or(0, |x| x.1);
    let mut subjects: Vec<String> = ranked
        .iter()
        .filter(|x| x.1 * 100 >= first * 80 && x.1 > 0)
        .map(|x| x.0.clone())
        .collect();
    // Behind a gateway the address that the connections come from is as right.
    let peers: Vec<String> = s
        .clients
        .iter()
        .filter(|c| subjects.contains(&c.declared))
        .map(|c| c.peer.clone())
        .collect();
    subjects.extend(peers);
    for ip in &mut subjects {
        *ip = case.shown(ip);
    }
    subjects.sort();
    subjects.dedup();
    let load = matches!(case.cause, Cause::FanOut | Cause::LimitTooSmall);
    let held_by_frozen = !case.culprits.is_empty() && first * 2 >= total && total * 2 >= rise;
    let storm = match case.cause {
        Cause::Subscriptions => Some("subscription-storm"),
        Cause::ConfigStorm => Some("config-push-storm"),
        _ => None,
    };
    let server_leaks = matches!(
        case.cause,
        Cause::ServerLeak | Cause::PeerBacklog | Cause::UdpServer
    );
    let mut right: Vec<Option<&'static str>> = if case.cause == Cause::NativeLeak {
        vec![Some("native-memory-outside-nmt")]
    } else if case.cause == Cause::TwoCauses {
        vec![Some("native-memory-outside-nmt"), Some("faulty-client")]
    } else if let (Some(storm), false) = (storm, calm_memory) {
        let mut of = vec![
            Some(storm),
            Some("push-fan-out"),
            Some("limit-too-small"),
            Some("faulty-client"),
        ];
        if !exhausted {
            of.push(None);
        }
        of
    } else if load && exhausted {
        let mut of = vec![Some("push-fan-out"), Some("limit-too-small")];
        if first * 10 >= total * 6 {
            // The slowest link holds most of it: to name that client is as right.
            of.push(Some("faulty-client"));
        }
        of
    } else if server_leaks && trouble && m.leaked > 0 {
        vec![Some("direct-buffer-leak")]
    } else if (case.cause.leaks() || matches!(case.cause, Cause::Expelled | Cause::Guarded))
        && trouble
    {
        if held_by_frozen || case.culprits.len() > 1 {
            vec![Some("faulty-client")]
        } else {
            vec![Some("faulty-client"), None]
        }
    } else if calm_memory && (!server_leaks || m.leaked == 0) {
        vec![None]
    } else {
        // In between, or not to be seen: either is right.
        match case.cause {
            _ if server_leaks => vec![Some("direct-buffer-leak"), None],
            Cause::FanOut | Cause::LimitTooSmall => {
                vec![Some("push-fan-out"), Some("limit-too-small"), None]
            }
            Cause::Busy => vec![Some("limit-too-small"), Some("push-fan-out"), None],
            _ => vec![Some("faulty-client"), None],
        }
    };
    let subjects = if right.contains(&Some("faulty-client")) {
        subjects
    } else {
        Vec::new()
    };
    // Without the log that tells, nobody can know.
    let damaged = match case.damage {
        Damage::PushesOnly | Damage::AccessOnly | Damage::ConsoleOnly => true,
        Damage::EndMissing => !seen,
        Damage::StartMissing | Damage::MiddleMissing => true,
        _ => false,
    };
    let naming = case.culprits.iter().any(|c| s.clients[*c].naming > 0);
    let blind = naming && lacks("logs/naming-push.log")
        || matches!(
            case.cause,
            Cause::NativeLeak
                | Cause::TwoCauses
                | Cause::ServerLeak
                | Cause::PeerBacklog
                | Cause::UdpServer
                | Cause::LimitTooSmall
        ) && !seen
        // Without the log of pushes nobody can say that no client is to blame.
        || server_leaks && lacks("logs/naming-push.log")
        || storm.is_some()
            && (lacks("logs/naming-push.log") || lacks("logs/remote-push.log"))
        || matches!(case.cause, Cause::NativeLeak | Cause::TwoCauses) && lacks("os/status")
        || !exhausted && !seen
        || damaged
        || load && lacks("logs/naming-push.log")
        || matches!(case.cause, Cause::TinyMessages | Cause::ConfigsOnly)
            && (lacks("logs/remote-digest.log") || !seen && !exhausted);
    if blind && !right.contains(&None) {
        right.push(None);
    }
    // A clock hours away leaves the order of events open, nothing else.
    if s.watch == Watch::FilesUtc && s.zone.0 != 0 && !exhausted && !right.contains(&None) {
        right.push(None);
    }
    let mut not_blamed: Vec<(&'static str, Option<String>)> = vec![
        ("login-burst", None),
        ("connection-storm", None),
        ("registration-storm", None),
    ];
    for (i, c) in s.clients.iter().enumerate() {
        if !case.culprits.contains(&i)
            && m.held
                .get(&c.declared)
                .is_none_or(|h| *h * 10 < first.max(1))
        {
            not_blamed.push(("faulty-client", Some(case.shown(&c.declared))));
        }
    }
    if case.cause == Cause::UdpServer {
        not_blamed.push(("faulty-client", None));
    }
    if matches!(case.cause, Cause::Gateway) {
        not_blamed.retain(|x| x.0 != "connection-storm");
    }
    let to_be_found = case
        .culprits
        .iter()
        .map(|c| s.clients[*c].declared.clone())
        .filter(|ip| {
            m.fails.iter().filter(|f| f.1 == *ip).count() >= 25
                && !lacks("logs/naming-push.log")
                && !matches!(case.damage, Damage::StartMissing | Damage::MiddleMissing)
        })
        .map(|ip| ("faulty-client", Some(case.shown(&ip))))
        .chain(told_storm(case))
        .collect();
    let both = case.cause == Cause::TwoCauses && trouble && held_by_frozen && !blind;
    let together = if both {
        vec!["faulty-client", "native-memory-outside-nmt"]
    } else {
        Vec::new()
    };
    let lossy = matches!(case.damage, Damage::LinesLost | Damage::EndMissing);
    let printed = exhausted && (s.jdk.no_cleaner || s.jdk.major >= 17);
    let flags_tell =
        s.flags.contains("MaxDirectMemorySize") || !s.options.contains("maxDirectMemory");
    let told = printed
        || flags_tell && !lacks("jvm/vm_flags.txt")
        || !lacks(&format!("logs/{}", s.release.console()));
    Truth {
        right,
        subjects,
        not_blamed,
        to_be_found,
        together,
        exhausted: (!lossy).then_some(exhausted),
        limit: (told && !lossy).then_some(s.limit),
        story: format!(
            "{}; Nacos {} on JDK {}, {} of {} MiB at most, {} min, watched {:?} x{}, held {:?}, without {:?}, {:?}",
            case.story,
            s.release.text,
            s.jdk.major,
            peak / MIB,
            s.limit / MIB,
            s.lasts / 60_000,
            s.watch,
            m.watched.len(),
            ranked
                .iter()
                .take(3)
                .filter(|x| x.1 > 0)
                .map(|x| format!("{} {}M", x.0, x.1 / MIB))
                .collect::<Vec<_>>(),
            case.without,
            case.damage
        ),
    }
}
