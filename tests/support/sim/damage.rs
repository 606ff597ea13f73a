//! What happens to a directory between the server and whoever reads it: lines lost, files cut, rotated, packed, left behind,
//! other line ends, addresses of version 6.

use super::rng::Rng;

/// One kind of damage or habit. What it hides from everybody is in [`Damage::hides`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// As the server wrote it.
    None,
    /// One line in twenty of each log is gone.
    LinesLost,
    /// Logs rotated into pieces, the older ones packed.
    Rotated,
    /// Windows line ends.
    Crlf,
    /// Clients have addresses of version 6.
    VersionSix,
    /// The newest tenth of each log is missing.
    EndMissing,
    /// Older logs are rotated away: each begins in the middle of what happened.
    StartMissing,
    /// The middle third of each log is gone: a rotated file that nobody copied.
    MiddleMissing,
    /// No NMT: resident memory alone was watched.
    NoNmt,
    /// No reports of memory at all, only what the server wrote itself.
    LogsOnly,
    /// Nothing but the log of pushes.
    PushesOnly,
    /// Nothing but the access log.
    AccessOnly,
    /// Nothing but the console.
    ConsoleOnly,
    /// No log tells of connections.
    NoConnections,
}

impl Damage {
    const ALL: [Self; 13] = [
        Self::LinesLost,
        Self::Rotated,
        Self::Crlf,
        Self::VersionSix,
        Self::EndMissing,
        Self::StartMissing,
        Self::MiddleMissing,
        Self::NoNmt,
        Self::LogsOnly,
        Self::PushesOnly,
        Self::AccessOnly,
        Self::ConsoleOnly,
        Self::NoConnections,
    ];

    /// The damage of a seed: mostly none.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 9);
        if rng.chance(0.7) {
            Self::None
        } else {
            rng.pick(&Self::ALL)
        }
    }

    /// Whether one kind of file is all there is.
    pub fn leaves_one(self) -> bool {
        matches!(
            self,
            Self::PushesOnly | Self::AccessOnly | Self::ConsoleOnly
        )
    }

    /// Whether a file is left behind.
    pub fn hides(self, name: &str) -> bool {
        let begins = |list: &[&str]| list.iter().any(|b| name.starts_with(b));
        match self {
            Self::LogsOnly => !name.starts_with("logs/"),
            Self::PushesOnly => !begins(&["logs/naming-push"]),
            Self::AccessOnly => !begins(&["logs/access"]),
            Self::ConsoleOnly => !begins(&["logs/start"]),
            Self::NoNmt => begins(&["nmt"]),
            Self::NoConnections => begins(&["logs/remote", "logs/plugin-control", "logs/nacos"]),
            _ => false,
        }
    }

    /// Address of version 6 that stands for one of version 4 within a network.
    pub fn six(net: &str) -> String {
        format!("fd00:{}::", net.replace('.', ":"))
    }

    /// A file as it arrives: its pieces with their names.
    pub fn arrive(self, seed: u64, net: &str, name: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let log = name.starts_with("logs/") && !name.starts_with("logs/start");
        let lines = || bytes.split_inclusive(|b| *b == b'\n');
        let whole = |bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
        match self {
            Self::LinesLost if log => {
                let mut rng = Rng::new(seed, 100 + name.len() as u64);
                whole(
                    lines()
                        .filter(|_| !rng.chance(0.05))
                        .flatten()
                        .copied()
                        .collect(),
                )
            }
            Self::EndMissing if log => {
                let n = lines().count();
                whole(lines().take(n - n / 10).flatten().copied().collect())
            }
            Self::StartMissing if log => {
                let heads = record_heads(bytes);
                let part = 30 + Rng::new(seed, 11).range(0, 30) as usize;
                let cut = heads.get(heads.len() * part / 100).copied().unwrap_or(0);
                whole(bytes[cut..].to_vec())
            }
            Self::MiddleMissing if log => {
                let heads = record_heads(bytes);
                let at = |part: usize| heads.get(heads.len() * part / 3).copied().unwrap_or(0);
                whole([&bytes[..at(1)], &bytes[at(2)..]].concat())
            }
            Self::Crlf if log => whole(
                lines()
                    .flat_map(|l| match l.strip_suffix(b"\n") {
                        Some(text) => [text, b"\r\n"].concat(),
                        None => l.to_vec(),
                    })
                    .collect(),
            ),
            Self::Rotated if log => {
                let heads: Vec<usize> = record_heads(bytes);
                let cut = |part: usize| heads.get(heads.len() * part / 3).copied().unwrap_or(0);
                let (a, b) = (cut(1), cut(2));
                [
                    (format!("{name}.2026-11-22.0"), &bytes[..a]),
                    (format!("{name}.2026-11-22.1"), &bytes[a..b]),
                    (name.to_owned(), &bytes[b..]),
                ]
                .into_iter()
                .filter(|(n, piece)| !piece.is_empty() || n == name)
                .map(|(n, piece)| (n, piece.to_vec()))
                .collect()
            }
            Self::VersionSix => match std::str::from_utf8(bytes) {
                Ok(text) => whole(
                    text.replace(&format!("{net}."), &Self::six(net))
                        .into_bytes(),
                ),
                Err(_) => whole(bytes.to_vec()),
            },
            _ => whole(bytes.to_vec()),
        }
    }
}

/// Offsets of lines that begin with a date: a log is rotated between records.
fn record_heads(bytes: &[u8]) -> Vec<usize> {
    let mut heads = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b"20") && line.get(4) == Some(&b'-') {
            heads.push(at);
        }
        at += line.len();
    }
    heads
}
