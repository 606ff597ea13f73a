//! Acknowledged pushes on their way into [`LogFacts`]: they come by the million, so each is counted where it costs least, and
//! the sums are handed over in one go.

use super::activity::{Activities, Activity, Signal};
use super::log::{LogFacts, Map, Service};
use super::quote::{Quote, QuoteText};
use super::series::{CLIENT_BUCKETS, NODE_BUCKETS, Series};
use crate::parse::push::Push;
use crate::span::Place;
use crate::units::{Address, WallTime};

/// Timed events of one subject.
#[derive(Clone, Debug)]
struct Tally {
    count: u64,
    last: (WallTime, Place),
    first_time: WallTime,
    series: Series,
    first: Quote,
}

impl Tally {
    fn new(buckets: usize, t: WallTime, quote: &QuoteText<'_>) -> Self {
        Self {
            count: 0,
            last: (t, quote.place),
            first_time: t,
            series: Series::new(buckets),
            first: quote.keep(Some(t), true),
        }
    }

    /// All but the series.
    fn see(&mut self, t: WallTime, quote: &QuoteText<'_>) {
        self.count += 1;
        if t <= self.first_time && quote.before(Some(t), &self.first) {
            self.first_time = t;
            self.first = quote.keep(Some(t), true);
        }
        if t > self.last.0 || (t, quote.place) > self.last {
            self.last = (t, quote.place);
        }
    }

    fn add(&mut self, t: WallTime, quote: &QuoteText<'_>) {
        self.see(t, quote);
        self.series.add(t, 1);
    }

    fn into_activity(self) -> Activity {
        let (time, place) = self.last;
        Activity {
            count: self.count,
            amount: self.count,
            untimed: 0,
            series: self.series,
            first: Some(self.first),
            last: Some(Quote {
                time: Some(time),
                place,
                text: Box::default(),
            }),
        }
    }
}

/// Pushes of one service.
#[derive(Clone, Debug)]
struct ServiceTally {
    revisions: (u64, u64),
    instances: u64,
    pushes: Tally,
}

/// The whole node's: neighbours fall into the same bucket, which is counted once they are through.
#[derive(Clone, Debug)]
struct Total {
    pushes: Tally,
    bucket: WallTime,
    run: u32,
}

/// Acknowledged pushes not yet handed over.
#[derive(Clone, Debug, Default)]
pub struct Pushes {
    by_client: Map<u128, u32>,
    clients: Vec<(Box<[u8]>, Tally)>,
    by_service: Map<Box<[u8]>, u32>,
    services: Vec<ServiceTally>,
    total: Option<Total>,
}

impl Pushes {
    /// Counts one; `false` when its service is written so that only the statement table can read it.
    pub fn add(&mut self, push: &Push<'_>, t: WallTime, quote: &QuoteText<'_>) -> bool {
        let at = match self.by_service.get(push.service) {
            Some(&at) => at as usize,
            None => match self.new_service(push, t, quote) {
                Some(at) => at,
                None => return false,
            },
        };
        let service = &mut self.services[at];
        let (low, high) = service.revisions;
        service.revisions = (low.min(push.revision), high.max(push.revision));
        service.instances = service.instances.max(push.instances);
        service.pushes.add(t, quote);

        let at = match self.by_client.get(&push.target) {
            Some(&at) => at as usize,
            None => self.new_client(push, t, quote),
        };
        self.clients[at].1.add(t, quote);

        let total = self.total.get_or_insert_with(|| Total {
            pushes: Tally::new(NODE_BUCKETS, t, quote),
            bucket: t,
            run: 0,
        });
        total.pushes.see(t, quote);
        if Series::share_bucket(t, total.bucket) && total.run < u32::MAX {
            total.run += 1;
        } else {
            total.pushes.series.add(total.bucket, total.run);
            (total.bucket, total.run) = (t, 1);
        }
        true
    }

    #[cold]
    fn new_service(
        &mut self,
        push: &Push<'_>,
        t: WallTime,
        quote: &QuoteText<'_>,
    ) -> Option<usize> {
        // The table takes the first of these for the end of the name.
        if memchr::memmem::find(push.service, b", ephemeral=").is_some() {
            return None;
        }
        let at = self.services.len();
        self.by_service
            .insert(push.service.into(), u32::try_from(at).ok()?);
        self.services.push(ServiceTally {
            revisions: (push.revision, push.revision),
            instances: push.instances,
            pushes: Tally::new(CLIENT_BUCKETS, t, quote),
        });
        Some(at)
    }

    #[cold]
    fn new_client(&mut self, push: &Push<'_>, t: WallTime, quote: &QuoteText<'_>) -> usize {
        let at = self.clients.len();
        self.by_client.insert(push.target, at as u32);
        self.clients
            .push((push.client.into(), Tally::new(CLIENT_BUCKETS, t, quote)));
        at
    }

    /// Hands over what has been counted.
    pub fn flush(&mut self, log: &mut LogFacts) {
        let Self {
            by_client: _,
            clients,
            by_service,
            services,
            total,
        } = std::mem::take(self);
        log.clients.reserve(clients.len());
        for (text, tally) in clients {
            log.clients
                .entry(Address::read(&text))
                .or_default()
                .entry(Signal::PushOk, CLIENT_BUCKETS)
                .merge(tally.into_activity());
        }
        let mut services: Vec<Option<ServiceTally>> = services.into_iter().map(Some).collect();
        // Each is added to itself alone: the order does not matter.
        by_service.into_iter().for_each(|(name, at)| {
            if let Some(s) = services.get_mut(at as usize).and_then(Option::take) {
                let mut activities = Activities::default();
                *activities.entry(Signal::PushOk, CLIENT_BUCKETS) = s.pushes.into_activity();
                let count = activities.count(Signal::PushOk);
                log.services.entry(name).or_default().merge(Service {
                    ok: count,
                    revisions: Some(s.revisions),
                    instances: s.instances,
                    activities,
                    ..Service::default()
                });
            }
        });
        if let Some(mut total) = total {
            total.pushes.series.add(total.bucket, total.run);
            log.totals
                .entry(Signal::PushOk, NODE_BUCKETS)
                .merge(total.pushes.into_activity());
        }
    }
}
