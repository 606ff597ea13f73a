//! Logs made for the benches.
#![allow(dead_code, reason = "each bench uses what it needs")]

use std::fmt::Write as _;

/// A naming-push.log in the shape of 2.2.x, of about `bytes` bytes: one push in fifty fails, half of the others are preceded by
/// a merge of tasks; `clients` clients, 400 services, some 220 records a second.
#[must_use]
pub(crate) fn push_log(bytes: usize, clients: u64) -> String {
    let mut out = String::with_capacity(bytes + 2048);
    let mut i = 0u64;
    while out.len() < bytes {
        let client = i.wrapping_mul(2_654_435_761) % clients.max(1);
        let ip = format!(
            "10.{}.{}.{}",
            client / 62_500,
            client / 250 % 250,
            client % 250
        );
        let service = format!(
            "Service{{namespace='public', group='DEFAULT_GROUP', name='svc-{}', ephemeral=true, revision={}}}",
            i % 400,
            i / 400 % 1_000_000
        );
        let (ms, t) = (i % 220 * 1000 / 220, i / 220);
        let head = format!(
            "2026-{:02}-{:02} {:02}:{:02}:{:02},{ms:03}",
            1 + t / (28 * 86_400) % 12,
            1 + t / 86_400 % 28,
            t / 3600 % 24,
            t / 60 % 60,
            t % 60,
        );
        let written = match i % 100 {
            0 | 50 => write!(
                out,
                "{head} ERROR [PUSH-FAIL] 5000ms, {service}, reason=Timeout After 5000 milliseconds,requestId ={i}, target={ip}\n\n{head} ERROR Reason detail: \n\njava.util.concurrent.TimeoutException: Timeout After 5000 milliseconds,requestId ={i}\n\tat com.alibaba.nacos.api.remote.DefaultRequestFuture$TimeoutHandler.run(DefaultRequestFuture.java:194)\n\tat java.base/java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:539)\n\tat java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
            ),
            n if n % 2 == 0 => write!(out, "{head} INFO [PUSH] Task merge for {service}\n\n"),
            _ => write!(
                out,
                "{head} INFO [PUSH-SUCC] 3ms, all delay time 503ms, SLA 504ms, {service}, originalSize=12, DataSize=12, target={ip}\n\n"
            ),
        };
        written.expect("a string takes what it is given");
        i += 1;
    }
    out
}

/// Records of such a log.
#[must_use]
pub(crate) fn records(log: &str) -> usize {
    log.lines().filter(|l| l.starts_with("2026-")).count()
}
