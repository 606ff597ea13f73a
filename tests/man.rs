//! The man pages are what the flags say.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::Path;

use clap::CommandFactory;
use nacos_offheap::cli::Cli;

/// Exit codes, frozen: the same table stands in the README.
const EXIT: &str = "\
.SH EXIT STATUS
.TP
.B 0
The report was written; nothing at or above \\fB\\-\\-fail\\-on\\fR, or no such option.
.TP
.B 1
Something at or above \\fB\\-\\-fail\\-on\\fR.
.TP
.B 2
Wrong usage; a PATH that does not exist or cannot be read; no input of a known format.
.TP
.B 3
With \\fB\\-\\-strict\\fR, and not 1: an input was cut or corrupt, or a figure of \\fB\\-\\-fail\\-on\\fR is unknown.
.PP
\\fB\\-\\-exit\\-zero\\fR turns 1 and 3 into 0.
";

#[test]
fn man_pages_are_generated_from_the_flags() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut top = Cli::command().version("");
    top.build();
    let mut pages = vec![("nacos-offheap.1".to_owned(), top.clone())];
    for sub in top.get_subcommands().filter(|s| s.get_name() != "help") {
        let name: &'static str = format!("nacos-offheap-{}", sub.get_name()).leak();
        pages.push((format!("{name}.1"), sub.clone().name(name)));
    }
    for (file, command) in pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).unwrap();
        let mut text = String::from_utf8(page).unwrap();
        if !file.contains("explain") {
            text.push_str(EXIT);
        }
        support::golden(&dir.join(file), &text);
    }
}
