//! The man pages are what the flags say.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/examples.rs"]
mod examples;
mod support;

use std::path::Path;

use clap::CommandFactory;
use examples::EXAMPLES;
use nacos_offheap::cli::Cli;
use nacos_offheap::config::keys;

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

/// Where options come from, for the commands that have many.
const ENVIRONMENT: &str = "\
.SH ENVIRONMENT
.TP
.B NACOS_OFFHEAP_\\fIOPTION\\fR
Sets the option of that name when it is not typed: \\fBNACOS_OFFHEAP_FAIL_ON=high\\fR for \\fB\\-\\-fail\\-on high\\fR. Switches take
\\fBtrue\\fR and \\fBfalse\\fR. It goes before the configuration file.
.TP
.B NACOS_OFFHEAP_CONFIG
The configuration file.
.TP
.B NO_COLOR
When set, no colours unless \\fB\\-\\-color always\\fR.
";

/// The files that are read and written beside inputs and reports.
const FILES: &str = "\
.SH FILES
.TP
.B \\-\\-config \\fIFILE\\fR
TOML: options under their long names (\\fBfail\\-on = [\\[dq]high\\[dq]]\\fR), and suppressions, each a table \\fB[[suppress]]\\fR with
\\fBfinding\\fR (a rule, or \\fIrule\\fR:\\fIsubject\\fR), \\fBreason\\fR, \\fBexpires\\fR (a day, or \\[dq]never\\[dq]) and perhaps
\\fBnode\\fR. No file is read that is not named. \\fBnacos\\-offheap schema config\\fR writes its schema.
.TP
.B \\-\\-redact\\-key \\fIFILE\\fR
A secret of at least 16 bytes, such as the output of \\fBhead \\-c 32 /dev/urandom | base64\\fR.
.TP
.B \\-\\-redact\\-map \\fIFILE\\fR
JSON: what each pseudonym stands for. Mode 0600.
";

fn examples_of(command: &str) -> String {
    let mut text = ".SH EXAMPLES\n".to_owned();
    for (_, about, line) in EXAMPLES.iter().filter(|e| e.0 == command) {
        let line = line
            .replace('\\', "\\e")
            .replace('-', "\\-")
            .replace('\'', "\\[aq]");
        text.push_str(&format!(".TP\n{about}\n.B {line}\n"));
    }
    text
}

#[test]
fn man_pages_are_generated_from_the_flags() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut top = Cli::command().version("").disable_help_subcommand(true);
    top.build();
    let mut pages = vec![(String::new(), "nacos-offheap.1".to_owned(), top.clone())];
    for sub in top.get_subcommands().filter(|s| s.get_name() != "help") {
        let name: &'static str = format!("nacos-offheap-{}", sub.get_name()).leak();
        pages.push((
            sub.get_name().to_owned(),
            format!("{name}.1"),
            sub.clone().name(name),
        ));
    }
    let mut seen = Vec::new();
    for (name, file, command) in pages {
        let many = name.is_empty()
            || command
                .get_arguments()
                .any(|a| a.get_long() == Some("fail-on"));
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).unwrap();
        // Without a number that would change the pages with each release.
        let mut text = String::from_utf8(page)
            .unwrap()
            .replace(".SH VERSION\nv\n", "");
        assert!(
            EXAMPLES.iter().any(|e| e.0 == name),
            "no example of {name:?}"
        );
        text.push_str(&examples_of(&name));
        if many {
            text.push_str(ENVIRONMENT);
            text.push_str(FILES);
            text.push_str(EXIT);
        }
        support::golden(&dir.join(&file), &text);
        seen.push((name, text));
    }
    // What the pages say against what the parser takes.
    for key in keys() {
        for command in &key.commands {
            let page = &seen.iter().find(|(n, _)| n == command).unwrap().1;
            let option = format!("\\-\\-{}", key.name.replace('-', "\\-"));
            assert!(page.contains(&option), "{command} lacks {option}");
        }
    }
    let files = support::files_below(&dir);
    assert_eq!(
        files.len(),
        seen.len(),
        "a page for each command and none left over"
    );
}
