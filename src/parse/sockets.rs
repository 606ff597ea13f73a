//! TCP sockets as `ss -tnmpi` (iproute2) and `netstat -tnp` print them: what waits in the kernel's send queue for whom.
//!
//! ```text
//! ss       [State] Recv-Q Send-Q  local:port  peer:port  [users:(("java",pid=10932,fd=208))]
//!          TAB skmem:(r0,rb131072,t0,tb69120,f0,w0,o0,bl0,d0) bbr ... lastsnd:1024 ... notsent:0 ... snd_wnd:64512
//! netstat  tcp6  Recv-Q Send-Q  local:port  peer:port  STATE  [pid/name]
//! ```
//!
//! Output of `ss` of iproute2 6.1; the state column is missing when a state was asked for. IPv4 mapped into IPv6
//! (`[::ffff:10.31.0.1]`) is IPv4 here.

use std::collections::BTreeMap;

use super::lines::{after, decimal, find, leading_number, lines, trim, words};
use super::{ParseError, ParseErrorKind};
use crate::units::Address;

/// Sockets kept one by one; the sums are of all.
const MAX_SOCKETS: usize = 200_000;
/// Errors kept.
const MAX_ERRORS: usize = 100;

/// A TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Offset of its first line.
    pub at: usize,
    /// It is connected (`ESTAB`), or was asked for so.
    pub established: bool,
    /// It waits for connections.
    pub listening: bool,
    /// Received and not read by the process, in bytes; connections not accepted when it listens.
    pub recv_q: u64,
    /// Sent by the process and not acknowledged by the peer, in bytes.
    pub send_q: u64,
    /// Own address.
    pub local: Address,
    /// Own port.
    pub local_port: u16,
    /// The peer's address.
    pub peer: Address,
    /// The peer's port; `None` for `*`.
    pub peer_port: Option<u16>,
    /// The process.
    pub pid: Option<u32>,
    /// Memory of the send queue, overhead included, in bytes (`w` of skmem).
    pub send_memory: Option<u64>,
    /// Bytes not yet sent at all.
    pub notsent: Option<u64>,
    /// The window the peer offers, in bytes; 0 when it takes nothing.
    pub send_window: Option<u64>,
    /// Milliseconds since the last segment was sent.
    pub last_send_ms: Option<u64>,
    /// Milliseconds since the peer acknowledged something.
    pub last_ack_ms: Option<u64>,
    /// Bytes the peer acknowledged in all.
    pub bytes_acked: Option<u64>,
}

/// What waits for one peer address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerSum {
    /// Connections.
    pub sockets: u64,
    /// Of those with something in the send queue.
    pub waiting: u64,
    /// Bytes in the send queues.
    pub send_q: u64,
    /// Bytes in the largest.
    pub send_q_max: u64,
    /// Offset of the line of the largest, the first of equals.
    pub fullest_at: usize,
    /// Bytes in the receive queues.
    pub recv_q: u64,
}

/// The sockets of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sockets {
    /// In the order of the text.
    pub sockets: Vec<Socket>,
    /// Connections by own port and peer address.
    pub by_peer: BTreeMap<(u16, Address), PeerSum>,
    /// What was not understood.
    pub errors: Vec<ParseError>,
}

/// Whether a text that begins with `head` lists sockets.
#[must_use]
pub fn looks_like_sockets(head: &[u8]) -> bool {
    let mut rows = 0u32;
    for line in lines(head).take(20) {
        let t = trim(line.text);
        if find(t, b"Recv-Q").is_some() && find(t, b"Send-Q").is_some() {
            return true;
        }
        if row(line.text, 0).is_some() {
            rows += 1;
        }
    }
    rows >= 2
}

/// `[::ffff:10.31.0.1]:9848`, `10.31.0.1%eth0:9848`, `*:8848`
fn endpoint(w: &[u8]) -> Option<(Address, Option<u16>)> {
    let colon = memchr::memrchr(b':', w)?;
    let (address, port) = w.split_at_checked(colon)?;
    let port = match port.get(1..)? {
        b"*" => None,
        p => Some(u16::try_from(decimal(p)?).ok()?),
    };
    if address.is_empty() || address.len() > 80 {
        return None;
    }
    // A zone stands before or behind the bracket.
    let end = memchr::memchr(b'%', address).unwrap_or(address.len());
    let bare = address.get(..end)?;
    let bare = bare.strip_prefix(b"[").unwrap_or(bare);
    let bare = bare.strip_suffix(b"]").unwrap_or(bare);
    Some((Address::read(bare), port))
}

/// The line of a socket.
fn row(line: &[u8], at: usize) -> Option<Socket> {
    let mut w = words(line);
    let mut first = w.next()?;
    let mut state: &[u8] = b"ESTAB";
    let netstat = first.starts_with(b"tcp");
    if netstat {
        first = w.next()?;
    } else if decimal(first).is_none() {
        state = first;
        first = w.next()?;
        // `ss` without -t names the kind first.
        if state == b"tcp" {
            state = first;
            first = w.next()?;
        }
    }
    let recv_q = decimal(first)?;
    let send_q = decimal(w.next()?)?;
    let (local, local_port) = endpoint(w.next()?)?;
    let (peer, peer_port) = endpoint(w.next()?)?;
    if netstat {
        state = w.next().unwrap_or_default();
    }
    let pid = match after(line, b"pid=") {
        Some(rest) => leading_number(rest),
        None if netstat => w.next().and_then(leading_number),
        None => None,
    };
    Some(Socket {
        at,
        established: state.starts_with(b"ESTAB"),
        listening: state == b"LISTEN",
        recv_q,
        send_q,
        local,
        local_port: local_port?,
        peer,
        peer_port,
        pid: pid.and_then(|(n, _)| u32::try_from(n).ok()),
        send_memory: None,
        notsent: None,
        send_window: None,
        last_send_ms: None,
        last_ack_ms: None,
        bytes_acked: None,
    })
}

impl Socket {
    /// Takes over what `-m` and `-i` print behind it or in the line below.
    fn details(&mut self, t: &[u8]) {
        if let Some(inner) = after(t, b"skmem:(") {
            let end = memchr::memchr(b')', inner).unwrap_or(inner.len());
            for part in inner.get(..end).unwrap_or_default().split(|c| *c == b',') {
                if let Some(n) = part.strip_prefix(b"w").and_then(decimal) {
                    self.send_memory = Some(n);
                }
            }
        }
        for w in words(t) {
            let Some((key, v)) = super::lines::cut(w, b":") else {
                continue;
            };
            let to = match key {
                b"notsent" => &mut self.notsent,
                b"snd_wnd" => &mut self.send_window,
                b"lastsnd" => &mut self.last_send_ms,
                b"lastack" => &mut self.last_ack_ms,
                b"bytes_acked" => &mut self.bytes_acked,
                _ => continue,
            };
            *to = decimal(v);
        }
    }
}

/// Reads the sockets of `ss` or `netstat`. When a text holds several listings the sums are of all of them together.
#[must_use]
pub fn read(text: &[u8]) -> Sockets {
    let mut out = Sockets::default();
    let mut kept = false;
    for line in lines(text) {
        let t = trim(line.text);
        if t.is_empty() {
            continue;
        }
        let indented = line.text.first().is_some_and(u8::is_ascii_whitespace);
        if let Some(mut s) = row(line.text, line.start) {
            s.details(t);
            if !s.listening {
                let sum = out
                    .by_peer
                    .entry((s.local_port, s.peer.clone()))
                    .or_default();
                sum.sockets += 1;
                sum.waiting += u64::from(s.send_q > 0);
                sum.send_q = sum.send_q.saturating_add(s.send_q);
                if s.send_q > sum.send_q_max {
                    sum.send_q_max = s.send_q;
                    sum.fullest_at = s.at;
                }
                sum.recv_q = sum.recv_q.saturating_add(s.recv_q);
            }
            kept = out.sockets.len() < MAX_SOCKETS;
            if kept {
                out.sockets.push(s);
            } else if out.errors.len() < MAX_ERRORS {
                let what = "more sockets than are kept";
                out.errors
                    .push(ParseError::new(line.start, ParseErrorKind::Overflow, what));
            }
        } else if indented {
            if let Some(s) = out.sockets.last_mut().filter(|_| kept) {
                s.details(t);
            }
        } else if !line.ended && !out.sockets.is_empty() {
            let what = "the listing ends inside a socket";
            out.errors
                .push(ParseError::new(line.start, ParseErrorKind::Truncated, what));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/sockets/{name}")).unwrap()
    }

    #[test]
    fn send_queues_are_told_by_own_port_and_peer() {
        let s = read(&fixture("ss-grpc.txt"));
        assert_eq!((s.sockets.len(), s.errors.len()), (6, 0));
        let of = |port, peer: &str| {
            s.by_peer
                .get(&(port, Address::read(peer.as_bytes())))
                .copied()
        };
        let stopped = of(18848, "127.0.0.13").unwrap();
        assert_eq!(
            (stopped.sockets, stopped.waiting, stopped.send_q),
            (1, 1, 921_312)
        );
        assert_eq!(of(18848, "127.0.0.12").unwrap().send_q, 0);
        assert_eq!(of(60593, "127.0.0.1").unwrap().recv_q, 127_955);
    }

    #[test]
    fn the_details_below_a_socket_are_its_own() {
        let text = fixture("ss-tnmpi.txt");
        assert!(looks_like_sockets(&text));
        let s = read(&text);
        assert_eq!(s.errors, []);
        assert_eq!(s.sockets.len(), 8);
        let first = &s.sockets[0];
        assert_eq!(
            (
                first.local_port,
                first.peer.to_string().as_str(),
                first.peer_port
            ),
            (9848, "10.31.5.21", Some(45136))
        );
        assert_eq!((first.pid, first.established), (Some(10932), true));
        assert_eq!(
            (first.send_memory, first.send_window),
            (Some(0), Some(64_512))
        );
        assert_eq!(
            (first.last_send_ms, first.bytes_acked),
            (Some(1024), Some(339))
        );
        let stuck: Vec<_> = s
            .sockets
            .iter()
            .filter(|s| s.peer.to_string() == "10.31.5.77")
            .collect();
        assert_eq!(stuck.len(), 3);
        assert!(stuck.iter().all(|s| s.last_ack_ms.unwrap() > 360_000));
    }

    #[test]
    fn netstat_and_listings_without_states_are_read() {
        let s = read(b"Active Internet connections (w/o servers)\n\
            Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n\
            tcp        0   2500 10.0.0.1:9848           10.0.0.9:51234          ESTABLISHED 77/java\n\
            tcp6       0      0 :::8848                 :::*                    LISTEN      77/java\n");
        assert_eq!(s.sockets.len(), 2);
        assert_eq!((s.sockets[0].send_q, s.sockets[0].pid), (2500, Some(77)));
        assert!(s.sockets[1].listening);
        assert_eq!(s.by_peer.len(), 1);
        let s = read(b"Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n0 9 [fe80::1]%eth0:9848 [fe80::2]:99\n0 7 10.0.0.1%eth0:9848 *:*\n");
        assert_eq!(
            s.sockets.iter().map(|s| s.send_q).collect::<Vec<_>>(),
            [9, 7]
        );
        assert_eq!(s.sockets[0].local.to_string(), "fe80::1");
    }

    #[test]
    fn other_texts_hold_no_sockets() {
        for text in ["Name:\tjava\nVmRSS:\t 1 kB\n", "1 2 3 4\n5 6 7 8\n", ""] {
            assert!(!looks_like_sockets(text.as_bytes()), "{text}");
            assert!(read(text.as_bytes()).sockets.is_empty());
        }
    }

    #[test]
    fn damaged_listings_end_without_panic() {
        for name in ["ss-grpc.txt", "ss-tnmpi.txt"] {
            torment(&fixture(name), |b| drop((read(b), looks_like_sockets(b))));
        }
    }
}
