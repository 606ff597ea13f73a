//! Prints what a heap dump says, as JSON: `cargo run --release --example heap_facts -- DUMP`.

#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::path::PathBuf;

use nacos_offheap::artefact::map::Mapped;
use nacos_offheap::facts::heap::{DumpSource, read_dump};

fn main() -> anyhow::Result<()> {
    let path: PathBuf = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .unwrap_or_default();
    let map = Mapped::open(&path)?;
    let facts = read_dump(DumpSource::Bytes(&map), &|_| {});
    println!("{}", serde_json::to_string_pretty(&facts)?);
    Ok(())
}
