//! `schema`: the JSON Schemas.

use std::io;

use anyhow::Result;

use nacos_offheap::cli::SchemaOf;
use nacos_offheap::config;
use nacos_offheap::report::schema;

/// Writes a schema to standard output.
pub(crate) fn run(of: SchemaOf) -> Result<u8> {
    let value = match of {
        SchemaOf::Report => schema::report(),
        SchemaOf::Config => config::schema(),
    };
    schema::write(&value, &mut io::stdout().lock())?;
    Ok(0)
}
