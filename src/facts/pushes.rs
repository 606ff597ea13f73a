//! Pushes on their way into [`LogFacts`]: they come by the million, so each is counted where it costs least, and the sums are
//! handed over in one go.

use super::activity::{Activities, Activity, Signal};
use super::log::{LogFacts, Map, Service};
use super::quote::{Quote, QuoteText};
use super::series::{CLIENT_BUCKETS, NODE_BUCKETS, Series};
use crate::parse::push::{Push, Sent, is_plain_service, is_plain_target};
use crate::span::{ArtefactId, Place, Window};
use crate::units::{Address, WallTime};

/// Where a record stands: its offset, the lines before it in its window, and the number of that window.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    offset: u64,
    lines: u32,
    window: u32,
}

/// Timed events of one subject: a cache line beside the bucket that is being filled. How many there are the series knows.
#[derive(Clone, Debug)]
struct Tally {
    last: (WallTime, Spot),
    series: Series,
}

impl Tally {
    fn new(buckets: usize) -> Self {
        Self {
            last: (WallTime(i64::MIN), Spot::default()),
            series: Series::new(buckets),
        }
    }

    /// Counts one; whether it may be the earliest.
    #[inline]
    fn add(&mut self, t: WallTime, spot: Spot, windows: &[(ArtefactId, u64)]) -> bool {
        self.see(t, spot, windows);
        self.series.count(t, 1)
    }

    #[inline]
    fn see(&mut self, t: WallTime, spot: Spot, windows: &[(ArtefactId, u64)]) {
        if t > self.last.0 || t == self.last.0 && is_behind(spot, self.last.1, windows) {
            self.last = (t, spot);
        }
    }

    fn into_activity(self, first: Option<Quote>, windows: &[(ArtefactId, u64)]) -> Activity {
        let count = self.series.total();
        let (time, spot) = self.last;
        Activity {
            count,
            amount: count,
            untimed: 0,
            series: self.series,
            first,
            last: Some(Quote {
                time: Some(time),
                place: place(spot, windows),
                text: Box::default(),
            }),
        }
    }
}

fn place(spot: Spot, windows: &[(ArtefactId, u64)]) -> Place {
    let (artefact, window) = windows
        .get(spot.window as usize)
        .copied()
        .unwrap_or_default();
    Place {
        artefact,
        offset: spot.offset,
        window,
        lines_before: spot.lines,
    }
}

fn is_behind(a: Spot, b: Spot, windows: &[(ArtefactId, u64)]) -> bool {
    if a.window == b.window {
        a.offset > b.offset
    } else {
        place(a, windows) > place(b, windows)
    }
}

/// What is known of a service beside its pushes.
#[derive(Clone, Debug)]
struct Sizes {
    revisions: (u32, u32),
    instances: u32,
}

/// A push that has been read and is still to be counted.
#[derive(Clone, Copy, Debug)]
struct Pending {
    t: WallTime,
    spot: Spot,
    /// Its line in the window's text.
    line: (u32, u32),
    service: ServiceNumber,
    client: u32,
    sent: Sent,
    revision: u32,
}

/// A service that is known.
#[derive(Clone, Copy, Debug)]
pub struct ServiceNumber(u32);

/// Pushes read before they are counted: few enough to stay near the core.
const PENDING_MAX: usize = 1024;

/// Pushes not yet handed over.
///
/// They are counted some hundred at a time, so that the processor looks up many subjects at once instead of waiting for the
/// memory of each.
#[derive(Clone, Debug, Default)]
pub struct Pushes {
    by_client: Map<u128, u32>,
    client_texts: Vec<Box<[u8]>>,
    clients: Vec<Tally>,
    client_firsts: Vec<Option<Quote>>,
    by_service: Map<Box<[u8]>, u32>,
    services: Vec<Tally>,
    service_firsts: Vec<Option<Quote>>,
    sizes: Vec<Sizes>,
    total: Option<(Tally, Option<Quote>)>,
    /// Artefact and base of each window.
    windows: Vec<(ArtefactId, u64)>,
    pending: Vec<Pending>,
}

/// Keeps a line as the first of its subject if it is.
#[cold]
#[inline(never)]
fn see_first(first: &mut Option<Quote>, p: &Pending, bytes: &[u8], windows: &[(ArtefactId, u64)]) {
    if first
        .as_ref()
        .is_some_and(|q| q.time.is_some_and(|t| t < p.t))
    {
        return;
    }
    let (from, to) = (p.line.0 as usize, p.line.1 as usize);
    let quote = QuoteText {
        place: place(p.spot, windows),
        line: bytes.get(from..to).unwrap_or_default(),
    };
    if first.as_ref().is_none_or(|q| quote.before(Some(p.t), q)) {
        *first = Some(quote.keep(Some(p.t), true));
    }
}

impl Pushes {
    /// Begins a window; [`Self::end_window`] ends it.
    pub fn begin_window(&mut self, window: &Window<'_>) {
        self.windows.push((window.artefact, window.base));
    }

    /// What a push is about; `None` when one of its texts is such that only the statement table can read it.
    #[inline]
    pub fn find(&mut self, push: &Push<'_>) -> Option<ServiceNumber> {
        let service = match self.by_service.get(push.service) {
            Some(&at) => at,
            None => self.new_service(push.service)?,
        };
        let plain = |sent: &Sent| sent.is_numeric() || is_plain_target(sent.target(push.line));
        push.sent
            .as_ref()
            .is_none_or(plain)
            .then_some(ServiceNumber(service))
    }

    /// Takes one, dated `t`, that stands at `place` in the window whose text `bytes` is.
    #[inline]
    pub fn add(
        &mut self,
        push: &Push<'_>,
        service: ServiceNumber,
        t: WallTime,
        place: Place,
        bytes: &[u8],
    ) {
        let Some(sent) = &push.sent else {
            return;
        };
        if self.pending.len() >= PENDING_MAX {
            self.end_window(bytes);
        }
        self.pending.push(Pending {
            t,
            spot: Spot {
                offset: place.offset,
                lines: place.lines_before,
                window: (self.windows.len() as u32).wrapping_sub(1),
            },
            line: (push.at as u32, (push.at + push.line.len()) as u32),
            service,
            client: 0,
            sent: *sent,
            revision: push.revision,
        });
    }

    /// Counts what has been taken of the window whose text `bytes` is.
    pub fn end_window(&mut self, bytes: &[u8]) {
        let mut pending = std::mem::take(&mut self.pending);
        for p in &mut pending {
            p.client = match self.by_client.get(&p.sent.target) {
                Some(&at) => at,
                None => self.new_client(p, bytes),
            };
        }
        let Self {
            clients,
            client_firsts,
            services,
            service_firsts,
            sizes,
            total,
            windows,
            ..
        } = self;
        for p in &pending {
            let at = p.client as usize;
            if let Some(client) = clients.get_mut(at)
                && client.add(p.t, p.spot, windows)
                && let Some(first) = client_firsts.get_mut(at)
            {
                see_first(first, p, bytes, windows);
            }
        }
        for p in &pending {
            let at = p.service.0 as usize;
            if let Some(s) = sizes.get_mut(at) {
                let (low, high) = s.revisions;
                s.revisions = (low.min(p.revision), high.max(p.revision));
                s.instances = s.instances.max(p.sent.instances);
            }
            if let Some(service) = services.get_mut(at)
                && service.add(p.t, p.spot, windows)
                && let Some(first) = service_firsts.get_mut(at)
            {
                see_first(first, p, bytes, windows);
            }
        }
        if !pending.is_empty() {
            let (total, first) = total.get_or_insert_with(|| (Tally::new(NODE_BUCKETS), None));
            for p in &pending {
                if total.add(p.t, p.spot, windows) {
                    see_first(first, p, bytes, windows);
                }
            }
        }
        pending.clear();
        self.pending = pending;
    }

    #[cold]
    #[inline(never)]
    fn new_service(&mut self, text: &[u8]) -> Option<u32> {
        if !is_plain_service(text) {
            return None;
        }
        let at = u32::try_from(self.services.len()).ok()?;
        self.by_service.insert(text.into(), at);
        self.services.push(Tally::new(CLIENT_BUCKETS));
        self.service_firsts.push(None);
        self.sizes.push(Sizes {
            revisions: (u32::MAX, 0),
            instances: 0,
        });
        Some(at)
    }

    #[cold]
    #[inline(never)]
    fn new_client(&mut self, p: &Pending, bytes: &[u8]) -> u32 {
        let (from, to) = (p.line.0 as usize, p.line.1 as usize);
        let line = bytes.get(from..to).unwrap_or_default();
        let at = self.clients.len() as u32;
        self.by_client.insert(p.sent.target, at);
        self.client_texts.push(p.sent.target(line).into());
        self.clients.push(Tally::new(CLIENT_BUCKETS));
        self.client_firsts.push(None);
        at
    }

    /// Hands over what has been counted.
    pub fn flush(&mut self, log: &mut LogFacts) {
        let Self {
            client_texts,
            clients,
            client_firsts,
            by_service,
            services,
            service_firsts,
            sizes,
            total,
            windows,
            ..
        } = std::mem::take(self);
        log.clients.reserve(clients.len());
        for ((text, tally), first) in client_texts.iter().zip(clients).zip(client_firsts) {
            log.clients
                .entry(Address::read(text))
                .or_default()
                .entry(Signal::PushOk, CLIENT_BUCKETS)
                .merge(tally.into_activity(first, &windows));
        }
        let mut services: Vec<_> = services.into_iter().zip(service_firsts).map(Some).collect();
        // Each is added to itself alone: the order does not matter.
        by_service.into_iter().for_each(|(name, at)| {
            let at = at as usize;
            if let Some((tally, first)) = services.get_mut(at).and_then(Option::take)
                // One of which tasks were merged and nothing was pushed has none.
                && first.is_some()
                && let Some(sizes) = sizes.get(at)
            {
                let mut activities = Activities::default();
                *activities.entry(Signal::PushOk, CLIENT_BUCKETS) =
                    tally.into_activity(first, &windows);
                let (low, high) = sizes.revisions;
                log.services.entry(name).or_default().merge(Service {
                    ok: activities.count(Signal::PushOk),
                    revisions: Some((u64::from(low), u64::from(high))),
                    instances: u64::from(sizes.instances),
                    activities,
                    ..Service::default()
                });
            }
        });
        if let Some((tally, first)) = total {
            log.totals
                .entry(Signal::PushOk, NODE_BUCKETS)
                .merge(tally.into_activity(first, &windows));
        }
    }
}
