//! What is known of one client address within a run.

use std::collections::BTreeMap;

use super::run::Run;
use crate::facts::log::Connection;
use crate::facts::memory::DumpSample;
use crate::facts::{Activities, Activity, Facts, Quote, Signal};
use crate::parse::statement::ConnectionId;
use crate::units::{Address, WallTime};

/// What is known of one client address within the run.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    /// The address: the declared one where a connection tells it, else the peer's.
    pub address: Address,
    /// What is counted under the address itself.
    pub own: Option<&'a Activities>,
    /// Its connections.
    pub connections: Vec<(&'a ConnectionId, &'a Connection)>,
    /// Applications it names.
    pub apps: Vec<&'a str>,
    /// SDK versions it names.
    pub versions: Vec<&'a str>,
    /// The address of a server of the cluster.
    pub is_server: bool,
}

impl<'a> Client<'a> {
    /// All activities of one signal, of the address and of its connections.
    pub fn activities(&self, signal: Signal) -> impl Iterator<Item = &'a Activity> + '_ {
        self.own.iter().filter_map(move |a| a.get(signal)).chain(
            self.connections
                .iter()
                .filter_map(move |(_, c)| c.activities.get(signal)),
        )
    }

    /// How many in all, whatever the run.
    #[must_use]
    pub fn total(&self, signal: Signal) -> u64 {
        self.activities(signal).map(|a| a.count).sum()
    }

    /// Sum of the amounts, whatever the run.
    #[must_use]
    pub fn amount(&self, signal: Signal) -> u64 {
        self.activities(signal).map(|a| a.amount).sum()
    }

    /// Within `from..to`.
    #[must_use]
    pub fn between(&self, signal: Signal, from: WallTime, to: WallTime) -> f64 {
        self.activities(signal)
            .map(|a| count_between(a, from, to))
            .sum()
    }

    /// Quote of the earliest event of a signal.
    #[must_use]
    pub fn first_quote(&self, signal: Signal) -> Option<&'a Quote> {
        self.activities(signal)
            .filter_map(|a| a.first.as_ref())
            .min_by_key(|q| q.key())
    }

    /// Quote of the latest event of a signal.
    #[must_use]
    pub fn last_quote(&self, signal: Signal) -> Option<&'a Quote> {
        self.activities(signal)
            .filter_map(|a| a.last.as_ref())
            .max_by_key(|q| q.key())
    }
}

/// Exact where the stretch holds all of it, else by the series.
pub(super) fn count_between(a: &Activity, from: WallTime, to: WallTime) -> f64 {
    match (a.first_time(), a.last_time()) {
        (Some(first), Some(last)) if first >= from && last < to => (a.count - a.untimed) as f64,
        (Some(first), Some(last)) if last < from || first >= to => 0.0,
        _ => a.series.between(from, to),
    }
}

pub(super) fn clients<'a>(
    facts: &'a Facts,
    run: &Run,
    dump: Option<&'a DumpSample>,
) -> Vec<Client<'a>> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let fresh = |address: &Address| Client {
        address: address.clone(),
        own: None,
        connections: Vec::new(),
        apps: Vec::new(),
        versions: Vec::new(),
        is_server: false,
    };
    let mut all = Known::default();
    let mut keyed: Vec<_> = facts.log.clients.iter().collect();
    keyed.sort_by_key(|(a, _)| *a);
    all.logged = keyed
        .into_iter()
        .map(|(address, own)| Client {
            own: Some(own),
            ..fresh(address)
        })
        .collect();
    let mut connections: Vec<_> = facts.log.connections.iter().collect();
    connections.sort_by_key(|(id, _)| *id);
    for (id, c) in connections {
        let opened = c.ready.or(c.registered);
        let gone = c.closed.or(c.unregistered);
        let inside = alone || opened.is_none_or(|t| t < to) && gone.is_none_or(|t| t >= from);
        if !inside {
            continue;
        }
        let address = c
            .meta
            .as_ref()
            .and_then(|m| m.declared.as_ref())
            .unwrap_or(&id.peer);
        let client = all.of(address, fresh);
        client.connections.push((id, c));
        if let Some(m) = &c.meta {
            if !m.app.is_empty() && !client.apps.contains(&m.app.as_str()) {
                client.apps.push(&m.app);
            }
            if !m.version.is_empty() && !client.versions.contains(&m.version.as_str()) {
                client.versions.push(&m.version);
            }
            client.is_server |= m.cluster;
        }
    }
    // A dump knows clients that no log names.
    for c in dump.iter().flat_map(|d| &d.heap.connections) {
        let Some(ip) = c.declared_address.as_ref().or(c.address.as_ref()) else {
            continue;
        };
        if c.held_bytes == 0 {
            continue;
        }
        let address = Address::read(ip.as_bytes());
        let client = all.of(&address, fresh);
        for (list, value) in [
            (&mut client.apps, &c.app),
            (&mut client.versions, &c.version),
        ] {
            if let Some(v) = value
                .as_deref()
                .filter(|v| !matches!(*v, "" | "-" | "unknown"))
                && !list.contains(&v)
            {
                list.push(v);
            }
        }
    }
    let mut all = all.into_clients();
    for c in &mut all {
        c.apps.sort_unstable();
        c.versions.sort_unstable();
    }
    all
}

/// Clients by address: those that logs count something for, and the others.
#[derive(Default)]
struct Known<'a> {
    /// In order.
    logged: Vec<Client<'a>>,
    others: BTreeMap<Address, Client<'a>>,
}

impl<'a> Known<'a> {
    fn of(&mut self, address: &Address, fresh: impl Fn(&Address) -> Client<'a>) -> &mut Client<'a> {
        match self.logged.binary_search_by(|c| c.address.cmp(address)) {
            Ok(at) => &mut self.logged[at],
            Err(_) => self
                .others
                .entry(address.clone())
                .or_insert_with(|| fresh(address)),
        }
    }

    /// All in order.
    fn into_clients(mut self) -> Vec<Client<'a>> {
        self.logged.extend(self.others.into_values());
        self.logged.sort_by(|a, b| a.address.cmp(&b.address));
        self.logged
    }
}
