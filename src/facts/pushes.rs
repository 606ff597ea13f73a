//! Pushes on their way into [`LogFacts`]: they come by the million, so each is counted where it costs least, and the sums are
//! handed over in one go.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;

use super::activity::{Activities, Activity, Signal};
use super::echo::FewFailures;
use super::log::{LogFacts, MOST_COST_MS, Map, REASON_LENGTH, Service, mask_numbers};
use super::quote::{Quote, QuoteText};
use super::series::{CLIENT_BUCKETS, NODE_BUCKETS, Series};
use crate::parse::push::{Failed, Push, Sent, is_plain_service, is_plain_target};
use crate::parse::statement::PushFailure;
use crate::parse::vector::begin_alike;
use crate::span::{ArtefactId, Place, Window};
use crate::units::{Address, WallTime};

/// Where a record stands: its offset, the lines before it in its window, and the number of that window.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    offset: u64,
    lines: u32,
    window: u32,
}

/// Timed events of one subject of which the series does not know yet, and where all begin and end: a line of the processor's
/// cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Tally {
    first: i64,
    last: (i64, Spot),
    /// The bucket of the events not yet handed to the series, and their number.
    bucket: i64,
    count: u32,
    shift: u32,
}

impl Tally {
    fn new(series: &Series) -> Self {
        Self {
            first: i64::MAX,
            last: (i64::MIN, Spot::default()),
            bucket: 0,
            count: 0,
            shift: series.shift(),
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

#[inline(always)]
fn is_behind(a: Spot, b: Spot, windows: &[(ArtefactId, u64)]) -> bool {
    if a.window == b.window {
        a.offset > b.offset
    } else {
        is_behind_in_another(a, b, windows)
    }
}

#[cold]
#[inline(never)]
fn is_behind_in_another(a: Spot, b: Spot, windows: &[(ArtefactId, u64)]) -> bool {
    place(a, windows) > place(b, windows)
}

/// Tallies of one kind of subject, and what is rarely touched of each: its series and its earliest line.
#[derive(Clone, Debug, Default)]
struct Subjects {
    tallies: Vec<Tally>,
    series: Vec<Series>,
    firsts: Vec<Option<Quote>>,
}

impl Subjects {
    /// The number of a new one.
    fn begin(&mut self, buckets: usize) -> u32 {
        let series = Series::new(buckets);
        self.tallies.push(Tally::new(&series));
        self.series.push(series);
        self.firsts.push(None);
        (self.tallies.len() - 1) as u32
    }

    #[inline(always)]
    fn add(&mut self, number: u32, p: &Pending, text: &Texts<'_>) {
        let at = number as usize;
        let Some(tally) = self.tallies.get_mut(at) else {
            return;
        };
        let t = p.t.0;
        if t <= tally.first {
            tally.first = t;
            put_first(&mut self.firsts[at], p, text);
        }
        if t > tally.last.0 || t == tally.last.0 && is_behind(p.spot, tally.last.1, text.windows) {
            tally.last = (t, p.spot);
        }
        if t >> tally.shift == tally.bucket {
            tally.count = tally.count.saturating_add(1);
        } else {
            spill(tally, &mut self.series[at]);
            tally.bucket = t >> tally.shift;
            tally.count = 1;
        }
    }

    /// The activity of each of which there was any, in order of their numbers.
    fn into_activities(
        self,
        windows: &[(ArtefactId, u64)],
    ) -> impl Iterator<Item = Option<Activity>> {
        let rest = self.series.into_iter().zip(self.firsts);
        self.tallies
            .into_iter()
            .zip(rest)
            .map(|(mut tally, (mut series, first))| {
                let first = first?;
                spill(&mut tally, &mut series);
                Some(activity(series, first, tally.last, windows))
            })
    }
}

fn activity(
    series: Series,
    first: Quote,
    (time, spot): (i64, Spot),
    windows: &[(ArtefactId, u64)],
) -> Activity {
    let count = series.total();
    Activity {
        count,
        amount: count,
        untimed: 0,
        series,
        first: Some(first),
        last: Some(Quote {
            time: Some(WallTime(time)),
            place: place(spot, windows),
            text: Box::default(),
        }),
    }
}

/// Hands the events of a bucket to the series.
fn spill(tally: &mut Tally, series: &mut Series) {
    if tally.count > 0 {
        series.add(WallTime(tally.bucket << tally.shift), tally.count);
        tally.shift = series.shift();
        tally.count = 0;
    }
}

/// What places and lines of pushes are told by.
struct Texts<'a> {
    windows: &'a [(ArtefactId, u64)],
    bytes: &'a [u8],
}

/// What is known of a service beside its pushes.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    revisions: (u32, u32),
    instances: u32,
}

/// A push that has been read and is still to be counted.
#[derive(Clone, Copy, Debug)]
struct Pending {
    target: u128,
    t: WallTime,
    spot: Spot,
    /// Its line in the window's text.
    line: (u32, u32),
    service: u32,
    revision: u32,
    instances: u32,
}

/// Pushes read before they are counted: few enough to stay near the core, and enough that it waits for the memory of many
/// at once.
const PENDING_MAX: usize = 256;

/// Keeps a line as the first of its subject if it is.
#[cold]
#[inline(never)]
fn put_first(first: &mut Option<Quote>, p: &Pending, text: &Texts<'_>) {
    let (from, to) = (p.line.0 as usize, p.line.1 as usize);
    let quote = QuoteText {
        place: place(p.spot, text.windows),
        line: text.bytes.get(from..to).unwrap_or_default(),
    };
    if first.as_ref().is_none_or(|q| quote.before(Some(p.t), q)) {
        *first = Some(quote.keep(Some(p.t), true));
    }
}

/// Numbers of clients by the text of their address, as [`Sent::target`] holds it.
#[derive(Clone, Debug, Default)]
struct Targets {
    all: Vec<u128>,
    /// Numbers and one; a quarter of the places is taken at most. Its length is a power of two.
    slots: Vec<u32>,
    /// Unlike from run to run: whoever writes the log does not know which addresses fall on one place.
    seed: u64,
}

impl Targets {
    #[inline(always)]
    fn slot(&self, target: u128) -> usize {
        let mixed = ((target as u64) ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ ((target >> 64) as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let product = u128::from(mixed) * u128::from(self.seed | 1);
        (product >> 64) as usize ^ product as usize
    }

    #[inline(always)]
    fn get(&self, target: u128) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = self.slot(target);
        loop {
            let number = self.slots.get(at & mask)?.checked_sub(1)?;
            if self.all.get(number as usize) == Some(&target) {
                return Some(number);
            }
            at += 1;
        }
    }

    /// Adds one that is not among them.
    fn push(&mut self, target: u128) -> u32 {
        self.all.push(target);
        if self.all.len() * 4 > self.slots.len() {
            let room = (self.slots.len() * 2).max(256);
            if self.slots.is_empty() {
                self.seed = foldhash::fast::RandomState::default().hash_one(room);
            }
            self.slots = vec![0; room];
            (1..=self.all.len()).for_each(|number| self.place(number));
        } else {
            self.place(self.all.len());
        }
        (self.all.len() - 1) as u32
    }

    fn place(&mut self, number: usize) {
        let mask = self.slots.len() - 1;
        let mut at = self.slot(self.all[number - 1]) & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = number as u32;
    }
}

/// Numbers of services by their text. Those of late are found by a few of its bytes and one comparison.
#[derive(Clone, Debug, Default)]
struct Names {
    all: Map<Box<[u8]>, u32>,
    /// By bytes of the text: its number and its length.
    late: Vec<(u32, u32)>,
    /// The texts of the first services, as far as they are short, by number.
    short: Vec<[u8; Self::SHORT]>,
}

impl Names {
    /// Places for those of late, a power of two.
    const LATE: usize = 1 << 12;
    /// Longest text that is compared in place.
    const SHORT: usize = 128;
    /// Services of which the text is kept so.
    const SHORT_MAX: usize = 1 << 13;

    #[inline(always)]
    fn slot(text: &[u8]) -> Option<usize> {
        let end = u128::from_le_bytes(*text.last_chunk()?);
        let mixed = (end as u64) ^ ((end >> 64) as u64).rotate_left(29) ^ text.len() as u64;
        Some((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::LATE.ilog2())) as usize)
    }

    /// The number of the service of this text, which stands at the start of `from`.
    #[inline(always)]
    fn get(&mut self, text: &[u8], from: &[u8]) -> Option<u32> {
        if let Some(slot) = Self::slot(text)
            && let Some(&(number, len)) = self.late.get(slot)
            && len as usize == text.len()
            && let Some(short) = self.short.get(number as usize)
            && let (parts, _) = short.as_chunks::<64>()
            && let Some(first) = from.first_chunk()
            && begin_alike(first, &parts[0], text.len())
            && (text.len() <= 64
                || from
                    .get(64..)
                    .and_then(|rest| rest.first_chunk())
                    .is_some_and(|rest| begin_alike(rest, &parts[1], text.len() - 64)))
        {
            return Some(number);
        }
        self.find(text)
    }

    #[cold]
    #[inline(never)]
    fn find(&mut self, text: &[u8]) -> Option<u32> {
        let number = *self.all.get(text)?;
        if text.len() <= Self::SHORT
            && (number as usize) < self.short.len()
            && let Some(slot) = Self::slot(text)
        {
            self.late.resize(Self::LATE, (0, 0));
            self.late[slot] = (number, text.len() as u32);
        }
        Some(number)
    }

    /// Adds one that is not among them, with the next number.
    fn insert(&mut self, text: &[u8], number: u32) {
        self.all.insert(text.into(), number);
        if self.short.len() < Self::SHORT_MAX {
            let mut short = [0; Self::SHORT];
            if let Some(place) = short.get_mut(..text.len()) {
                place.copy_from_slice(text);
            }
            self.short.push(short);
        }
    }
}

/// What a client's pushes are counted by.
#[derive(Clone, Copy, Debug)]
struct Event {
    t: i64,
    spot: Spot,
    client: u32,
}

/// Clients, whose pushes are put in order by client before they are counted, some ten thousand at a time: pushes to
/// thousands of clients take turns, and each would be met when its memory has left the processor's cache.
#[derive(Clone, Debug, Default)]
struct Clients {
    targets: Targets,
    /// Of each the time of its earliest push, and the push.
    earliest: Vec<i64>,
    firsts: Vec<Option<Quote>>,
    lasts: Vec<(i64, Spot)>,
    series: Vec<Series>,
    events: Vec<Event>,
    /// Where the events of each client end, and the events by client; room that is used again.
    ends: Vec<u32>,
    order: Vec<u32>,
}

impl Clients {
    /// Events that are put in order at a time.
    const EVENTS: usize = 1 << 15;

    #[inline(always)]
    fn add(&mut self, p: &Pending, text: &Texts<'_>) {
        let at = match self.targets.get(p.target) {
            Some(at) => at,
            None => self.begin(p.target),
        };
        if let Some(earliest) = self.earliest.get_mut(at as usize)
            && p.t.0 <= *earliest
        {
            *earliest = p.t.0;
            put_first(&mut self.firsts[at as usize], p, text);
        }
        self.events.push(Event {
            t: p.t.0,
            spot: p.spot,
            client: at,
        });
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self, target: u128) -> u32 {
        self.earliest.push(i64::MAX);
        self.firsts.push(None);
        self.lasts.push((i64::MIN, Spot::default()));
        self.series.push(Series::new(CLIENT_BUCKETS));
        self.targets.push(target)
    }

    /// Counts the events there are.
    fn count(&mut self, windows: &[(ArtefactId, u64)]) {
        self.ends.clear();
        self.ends.resize(self.series.len(), 0);
        for e in &self.events {
            self.ends[e.client as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut self.ends {
            sum += std::mem::replace(end, sum);
        }
        self.order.resize(self.events.len(), 0);
        for (i, e) in (0u32..).zip(&self.events) {
            let end = &mut self.ends[e.client as usize];
            self.order[*end as usize] = i;
            *end += 1;
        }
        let mut from = 0;
        for ((&end, last), series) in self.ends.iter().zip(&mut self.lasts).zip(&mut self.series) {
            let range = from as usize..end as usize;
            from = end;
            for &i in &self.order[range] {
                let e = self.events[i as usize];
                if e.t > last.0 || e.t == last.0 && is_behind(e.spot, last.1, windows) {
                    *last = (e.t, e.spot);
                }
                series.add(WallTime(e.t), 1);
            }
        }
        self.events.clear();
    }

    fn into_activities(
        mut self,
        windows: &[(ArtefactId, u64)],
    ) -> impl Iterator<Item = (u128, Activity)> {
        self.count(windows);
        let rest = self.lasts.into_iter().zip(self.series);
        let all = self.targets.all.into_iter().zip(self.firsts).zip(rest);
        all.filter_map(|((target, first), (last, series))| {
            Some((target, activity(series, first?, last, windows)))
        })
    }
}

fn address(target: u128) -> Address {
    let text = target.to_le_bytes();
    let len = text.iter().position(|b| *b == 0).unwrap_or(text.len());
    Address::read(&text[..len])
}

/// Pushes that no client acknowledged in time, the commonest failures by far.
#[derive(Clone, Debug, Default)]
struct Timeouts {
    /// Reasons with their numbers masked, and how often.
    reasons: Vec<(String, u64)>,
    targets: Targets,
    clients: Subjects,
    few: Vec<FewFailures>,
    /// Numbers of services, to those among the failed, and the smallest and largest revision of these.
    known: Map<u32, u32>,
    services: Subjects,
    revisions: Vec<(u32, u32)>,
    /// By service and client, as numbered here.
    pairs: Map<(u32, u32), u64>,
    total: Subjects,
}

impl Timeouts {
    /// Reasons told apart; of more the statement table takes care.
    const REASONS: usize = 16;

    /// The place of a reason; `None` when it is of another kind, or not plain.
    fn reason(&mut self, reason: &[u8]) -> Option<usize> {
        if !reason.starts_with(b"Timeout After ") || reason.len() > REASON_LENGTH {
            return None;
        }
        let known = |(masked, _): &(String, u64)| masks_to(reason, masked.as_bytes());
        if let Some(at) = self.reasons.iter().position(known) {
            return Some(at);
        }
        let plain = reason.is_ascii()
            && reason.trim_ascii_end().len() == reason.len()
            && is_plain_service(reason)
            && !reason.contains(&b'\r');
        if !plain || self.reasons.len() >= Self::REASONS {
            return None;
        }
        self.reasons.push((mask_numbers(reason), 0));
        Some(self.reasons.len() - 1)
    }

    fn add(&mut self, p: &Pending, reason: usize, service_text: &[u8], text: &Texts<'_>) {
        self.reasons[reason].1 += 1;
        let client = match self.targets.get(p.target) {
            Some(at) => at,
            None => {
                self.few.push(FewFailures::default());
                self.clients.begin(CLIENT_BUCKETS);
                self.targets.push(p.target)
            }
        };
        self.clients.add(client, p, text);
        self.few[client as usize].add(service_text, p.t, true);
        let next = self.revisions.len() as u32;
        let service = *self.known.entry(p.service).or_insert(next);
        if service == next {
            self.services.begin(CLIENT_BUCKETS);
            self.revisions.push((u32::MAX, 0));
        }
        self.services.add(service, p, text);
        let (low, high) = &mut self.revisions[service as usize];
        (*low, *high) = ((*low).min(p.revision), (*high).max(p.revision));
        *self.pairs.entry((service, client)).or_default() += 1;
        if self.total.tallies.is_empty() {
            self.total.begin(NODE_BUCKETS);
        }
        self.total.add(0, p, text);
    }

    /// Hands over what has been counted.
    fn flush(self, names: &Map<Box<[u8]>, u32>, log: &mut LogFacts, windows: &[(ArtefactId, u64)]) {
        const SIGNAL: Signal = Signal::PushTimeout;
        // A push may have been refused for another of its texts.
        for (masked, n) in self.reasons.into_iter().filter(|(_, n)| *n > 0) {
            *log.reason_kinds.entry(PushFailure::Timeout).or_default() += n;
            log.add_reason(masked, n);
        }
        let addresses: Vec<Address> = self.targets.all.into_iter().map(address).collect();
        let clients = self.clients.into_activities(windows).flatten();
        for ((address, few), activity) in addresses.iter().zip(self.few).zip(clients) {
            log.add_few_failures(address.clone(), few);
            log.clients
                .entry(address.clone())
                .or_default()
                .entry(SIGNAL, CLIENT_BUCKETS)
                .merge(activity);
        }
        let mut failed_by = vec![BTreeMap::new(); self.revisions.len()];
        // Sums: the order does not matter.
        self.pairs.into_iter().for_each(|((service, client), n)| {
            *failed_by[service as usize]
                .entry(addresses[client as usize].clone())
                .or_default() += n;
        });
        let activities = self.services.into_activities(windows);
        let rest = self.revisions.into_iter().zip(failed_by);
        let mut services: Vec<_> = activities.zip(rest).map(Some).collect();
        // Each is added to itself alone: the order does not matter.
        names.iter().for_each(|(name, number)| {
            let at = self.known.get(number).map(|at| *at as usize);
            if let Some(service) = at.and_then(|at| services.get_mut(at))
                && let Some((Some(activity), ((low, high), failed_by))) = service.take()
            {
                let mut activities = Activities::default();
                *activities.entry(SIGNAL, CLIENT_BUCKETS) = activity;
                log.services
                    .entry(name.clone())
                    .or_default()
                    .merge(Service {
                        revisions: Some((u64::from(low), u64::from(high))),
                        activities,
                        failed_by,
                        ..Service::default()
                    });
            }
        });
        for activity in self.total.into_activities(windows).flatten() {
            log.totals.entry(SIGNAL, NODE_BUCKETS).merge(activity);
        }
    }
}

/// Whether `masked` is what is left of a text when each run of digits is an `N` ([`mask_numbers`]).
fn masks_to(text: &[u8], masked: &[u8]) -> bool {
    let mut rest = text;
    for &m in masked {
        let Some((&first, behind)) = rest.split_first() else {
            return false;
        };
        rest = behind;
        if m == b'N' && first.is_ascii_digit() {
            while let [b'0'..=b'9', behind @ ..] = rest {
                rest = behind;
            }
        } else if m != first {
            return false;
        }
    }
    rest.is_empty()
}

/// A service that is known.
#[derive(Clone, Copy, Debug)]
pub struct ServiceNumber(u32);

/// Pushes not yet handed over.
///
/// They are counted some hundred at a time, so that the processor looks up many subjects at once instead of waiting for the
/// memory of each.
#[derive(Clone, Debug, Default)]
pub struct Pushes {
    clients: Clients,
    names: Names,
    services: Subjects,
    sizes: Vec<Sizes>,
    total: Subjects,
    timeouts: Timeouts,
    /// Artefact and base of each window.
    windows: Vec<(ArtefactId, u64)>,
    pending: Vec<Pending>,
}

impl Pushes {
    /// Begins a window; [`Self::end_window`] ends it.
    pub fn begin_window(&mut self, window: &Window<'_>) {
        self.windows.push((window.artefact, window.base));
        if self.total.tallies.is_empty() {
            self.total.begin(NODE_BUCKETS);
        }
    }

    /// What a push is about; `None` when one of its texts is such that only the statement table can read it.
    #[inline(always)]
    pub fn find(&mut self, push: &Push<'_>) -> Option<ServiceNumber> {
        let service = match self.names.get(push.service, push.from_service) {
            Some(at) => at,
            None => self.new_service(push.service)?,
        };
        let plain = |sent: &Sent| sent.is_numeric() || is_plain_target(sent.target(push.line));
        push.sent
            .as_ref()
            .is_none_or(plain)
            .then_some(ServiceNumber(service))
    }

    /// Takes one, dated `t`, that stands at this offset of its artefact, in the window whose text `bytes` is, behind so many
    /// of its lines.
    #[inline(always)]
    pub fn add(
        &mut self,
        push: &Push<'_>,
        sent: &Sent,
        service: ServiceNumber,
        t: WallTime,
        (offset, lines): (u64, u32),
        bytes: &[u8],
    ) {
        if self.pending.len() >= PENDING_MAX {
            self.end_window(bytes);
        }
        self.pending.push(Pending {
            target: sent.target,
            t,
            spot: Spot {
                offset,
                lines,
                window: (self.windows.len() as u32).wrapping_sub(1),
            },
            line: (push.at as u32, (push.at + push.line.len()) as u32),
            service: service.0,
            revision: push.revision,
            instances: sent.instances,
        });
    }

    /// Counts what has been taken of the window whose text `bytes` is.
    #[inline(never)]
    pub fn end_window(&mut self, bytes: &[u8]) {
        let Self {
            clients,
            services,
            sizes,
            total,
            windows,
            pending,
            ..
        } = self;
        let text = Texts { windows, bytes };
        if clients.events.len() + pending.len() > Clients::EVENTS {
            clients.count(windows);
        }
        for p in pending.iter() {
            clients.add(p, &text);
        }
        for p in pending.iter() {
            services.add(p.service, p, &text);
            total.add(0, p, &text);
            if let Some(s) = sizes.get_mut(p.service as usize) {
                let (low, high) = s.revisions;
                s.revisions = (low.min(p.revision), high.max(p.revision));
                s.instances = s.instances.max(p.instances);
            }
        }
        pending.clear();
    }

    /// Counts a push that failed, as [`Self::find`] and [`Self::add`] do; whether that could be done here.
    pub fn add_failed(
        &mut self,
        failed: &Failed<'_>,
        t: WallTime,
        (offset, lines): (u64, u32),
        bytes: &[u8],
    ) -> bool {
        let Some(reason) = self.timeouts.reason(failed.reason) else {
            return false;
        };
        let target = &failed.target;
        if !target.is_numeric() && !is_plain_target(target.target(failed.line)) {
            return false;
        }
        let service = match self.names.get(failed.service, failed.from_service) {
            Some(at) => at,
            None => match self.new_service(failed.service) {
                Some(at) => at,
                None => return false,
            },
        };
        let p = Pending {
            target: target.target,
            // Written when the time-out ends: the push itself is that much older.
            t: t.minus_ms(i64::from(failed.cost_ms).min(MOST_COST_MS)),
            spot: Spot {
                offset,
                lines,
                window: (self.windows.len() as u32).wrapping_sub(1),
            },
            line: (failed.at as u32, (failed.at + failed.line.len()) as u32),
            service,
            revision: failed.revision,
            instances: 0,
        };
        let text = Texts {
            windows: &self.windows,
            bytes,
        };
        self.timeouts.add(&p, reason, failed.service, &text);
        true
    }

    #[cold]
    #[inline(never)]
    fn new_service(&mut self, text: &[u8]) -> Option<u32> {
        if !is_plain_service(text) {
            return None;
        }
        let at = self.services.begin(CLIENT_BUCKETS);
        self.names.insert(text, at);
        self.sizes.push(Sizes {
            revisions: (u32::MAX, 0),
            instances: 0,
        });
        Some(at)
    }

    /// Hands over what has been counted.
    pub fn flush(&mut self, log: &mut LogFacts) {
        let Self {
            clients,
            names,
            services,
            sizes,
            total,
            timeouts,
            windows,
            ..
        } = std::mem::take(self);
        log.clients.reserve(clients.series.len());
        for (target, activity) in clients.into_activities(&windows) {
            log.clients
                .entry(address(target))
                .or_default()
                .entry(Signal::PushOk, CLIENT_BUCKETS)
                .merge(activity);
        }
        timeouts.flush(&names.all, log, &windows);
        let mut services: Vec<_> = services.into_activities(&windows).collect();
        // Each is added to itself alone: the order does not matter.
        names.all.into_iter().for_each(|(name, at)| {
            let at = at as usize;
            // One of which tasks were merged and nothing was pushed has none.
            if let Some(activity) = services.get_mut(at).and_then(Option::take)
                && let Some(sizes) = sizes.get(at)
            {
                let mut activities = Activities::default();
                *activities.entry(Signal::PushOk, CLIENT_BUCKETS) = activity;
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
        for activity in total.into_activities(&windows).flatten() {
            log.totals
                .entry(Signal::PushOk, NODE_BUCKETS)
                .merge(activity);
        }
    }
}
