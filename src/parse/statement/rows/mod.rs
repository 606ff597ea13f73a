//! The rows, by what they are about.
//!
//! Rows with fields: wordings of the Nacos release tags 1.4.0 to 3.0.3, seen in logs of 2.2.0, 2.2.3, 2.3.0 and 2.3.2 where
//! those write them. Rows without fields, of Nacos and of the libraries in it: seen in those logs, else known from their
//! sources and not each checked against every release; for them `releases` is a bound, not a finding.

mod auth;
mod cluster;
mod config;
mod connection;
mod jraft;
mod naming;
mod push;
mod readers;
mod server;

use super::{ConnectionId, Event, Fields, MetaText, Read, Series, ServiceText, Statement, Text};

/// Logs in which the control plane's lines stand, release by release: 2.0 and 2.1, 2.2.0 to 2.4.2.1, 2.4.3 and later.
const CONTROL: &[Series] = &[Series::RemoteDigest, Series::Nacos, Series::PluginControl];

/// What the process writes to its root logger stands in nacos.log, and at start on the console too.
const CONSOLE: &[Series] = &[Series::Nacos, Series::Console];

/// Naming pushes.
const PUSH: &[Series] = &[Series::NamingPush];

/// All rows, table by table. The order within one file decides which is tried first: what comes by the million leads.
pub static TABLES: [&[Statement]; 8] = [
    push::ROWS,
    connection::ROWS,
    naming::ROWS,
    config::ROWS,
    auth::ROWS,
    cluster::ROWS,
    server::ROWS,
    jraft::ROWS,
];

/// A row without fields.
#[expect(clippy::too_many_arguments, reason = "the columns of the table")]
const fn known(
    id: &'static str,
    files: &'static [Series],
    releases: &'static str,
    emitter: &'static str,
    begins: &'static str,
    contains: &'static str,
    pattern: &'static str,
    sample: &'static str,
) -> Statement {
    Statement {
        id,
        files,
        releases,
        emitter,
        begins,
        contains,
        pattern,
        sample,
        read: Read::Known,
    }
}
