//! The program as its users run it: exit codes, messages, files, pipes.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{Scratch, fixture};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C")
        .output()
        .expect("the program starts")
}

fn code(o: &Output) -> i32 {
    o.status.code().expect("no signal")
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

fn out(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn incident(name: &str) -> String {
    fixture("incidents")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// One line on standard error that begins with the program's name, exit 2, nothing on standard output.
fn is_refused(o: &Output, says: &str) {
    assert_eq!(code(o), 2, "{}", err(o));
    assert_eq!(o.stdout, b"");
    let e = err(o);
    assert_eq!(e.trim_end().lines().count(), 1, "{e}");
    assert!(e.starts_with("nacos-offheap: ") && e.contains(says), "{e}");
}

#[test]
fn a_path_that_is_not_there_is_one_line_and_exit_2() {
    is_refused(&run(&["analyze", "/no/such/place"]), "/no/such/place");
}

#[test]
fn a_directory_without_a_known_file_is_one_line_and_exit_2() {
    let s = Scratch::new("cli-empty");
    let dir = s.0.to_string_lossy().into_owned();
    is_refused(&run(&["analyze", &dir]), "nothing of a known format");
    s.file("notes.txt", b"words\nand more words\n");
    is_refused(&run(&["analyze", &dir]), "notes.txt: of no known format");
    s.file("naming-push.log", b"");
    is_refused(&run(&["analyze", &dir]), "the file is empty");
}

#[test]
fn a_binary_file_is_named_as_such() {
    let s = Scratch::new("cli-binary");
    let bytes: Vec<u8> = (0..20_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let f = s.file("core.dump", &bytes);
    is_refused(&run(&["analyze", &f.to_string_lossy()]), "binary");
}

#[test]
fn wrong_usage_is_exit_2_and_says_what_is_right() {
    let i = incident("healthy");
    is_refused(
        &run(&["analyze", &i, "--format", "yaml"]),
        "one of table, json",
    );
    is_refused(&run(&["analyze", &i, "--fail-on", "hgih"]), "critical");
    is_refused(&run(&["analyze", &i, "--tz", "Mars"]), "+08:00");
    is_refused(&run(&["analyze", &i, "--heap", "much"]), "480m");
    is_refused(
        &run(&["analyze", &i, "--since", "yesterday"]),
        "2026-11-22 23:50",
    );
    is_refused(
        &run(&["analyze", &i, "-f", "json", "-f", "table"]),
        "FORMAT=FILE",
    );
    is_refused(&run(&["analyze", &i, "--node", "x"]), "NAME=PATH");
    is_refused(&run(&["analyze", &i, "-j", "0"]), "one thread");
    is_refused(&run(&["explain", "no-such-rule"]), "faulty-client");
    assert_eq!(code(&run(&["analyze"])), 2);
    assert_eq!(code(&run(&["analyse", &i])), 2);
    assert_eq!(code(&run(&["analyze", &i, "--no-such-option"])), 2);
}

#[test]
fn gates_decide_between_0_and_1() {
    let stuck = incident("stuck-client");
    let calm = incident("healthy");
    for (args, want) in [
        (vec![stuck.as_str()], 0),
        (vec![&stuck, "--fail-on", "critical"], 1),
        (vec![&calm, "--fail-on", "medium"], 0),
        (vec![&stuck, "--fail-on", "cause"], 1),
        (vec![&calm, "--fail-on", "no-cause"], 1),
        (vec![&calm, "--fail-on", "undecided"], 0),
        (vec![&stuck, "--fail-on", "peak_ratio>=0.9"], 1),
        (vec![&calm, "--fail-on", "peak_ratio>=0.9"], 0),
        (vec![&stuck, "--fail-on", "clients.push_fail>3000"], 1),
        (vec![&stuck, "--fail-on", "exhausted.count>1000"], 0),
        (vec![&stuck, "--fail-on", "critical", "--exit-zero"], 0),
        (vec![&calm, "--fail-on", "time_to_limit_s<60"], 0),
        (
            vec![&calm, "--fail-on", "time_to_limit_s<60", "--strict"],
            3,
        ),
        (
            vec![
                &calm,
                "--fail-on",
                "time_to_limit_s<60",
                "--strict",
                "--exit-zero",
            ],
            0,
        ),
        (vec![&stuck, "--fail-on", "critical", "--strict"], 1),
        (vec![&calm, "--strict"], 0),
    ] {
        let mut all = vec!["analyze"];
        all.extend(&args);
        let o = run(&all);
        assert_eq!(code(&o), want, "{args:?}: {}", err(&o));
        assert!(
            !o.stdout.is_empty(),
            "the report is written whatever the gate says"
        );
    }
}

#[test]
fn a_log_cut_inside_a_record_is_read_told_and_strict_fails() {
    let s = Scratch::new("cli-cut");
    let whole = unpacked(&fixture("incidents/stuck-client/logs/naming-push.log.gz"));
    let cut = &whole[..whole.len() / 2 + 7];
    assert_ne!(cut.last(), Some(&b'\n'));
    let f = s.file("logs/naming-push.log", cut);
    let o = run(&["analyze", &f.to_string_lossy()]);
    assert_eq!(code(&o), 0, "{}", err(&o));
    assert!(out(&o).contains("ends inside a line"), "{}", out(&o));
    let o = run(&["analyze", &f.to_string_lossy(), "--strict"]);
    assert_eq!(code(&o), 3);
    let o = run(&["analyze", &f.to_string_lossy(), "-f", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(json["inputs"][0]["complete"], false);
    assert!(json["inputs"][0]["issues"][0]["offset"].as_u64().unwrap() > 0);
    assert_eq!(
        json["outcome"], "insufficient-evidence",
        "a push log alone tells nothing of memory"
    );
}

#[test]
fn a_packed_log_cut_in_the_middle_is_read_as_far_as_it_goes() {
    let s = Scratch::new("cli-cut-gz");
    let packed = std::fs::read(fixture("incidents/stuck-client/logs/naming-push.log.gz")).unwrap();
    s.file("logs/naming-push.log.gz", &packed[..packed.len() / 2]);
    let o = run(&["analyze", &s.0.to_string_lossy(), "-f", "json", "--strict"]);
    assert_eq!(code(&o), 3, "{}", err(&o));
    let json: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(json["inputs"][0]["complete"], false);
    assert!(
        json["nodes"][0]["facts"]["push"]["failed"]
            .as_u64()
            .unwrap()
            > 100
    );
}

#[test]
fn standard_input_is_an_input() {
    let text = unpacked(&fixture("incidents/stuck-client/logs/naming-server.log.gz"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(["analyze", "-", "-f", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let o = child.wait_with_output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(json["inputs"][0]["path"], "-");
    assert_eq!(
        json["nodes"][0]["direct_memory"]["limit_bytes"],
        503_316_480
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(["analyze", &incident("cluster"), "-f", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Reads a little, as `head` does, and goes.
    let mut first = [0u8; 64];
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut first).unwrap();
    drop(pipe);
    let o = child.wait_with_output().unwrap();
    assert_eq!(code(&o), 0);
    assert_eq!(err(&o), "");
}

#[test]
fn several_formats_go_to_their_files() {
    let s = Scratch::new("cli-formats");
    let json = s.0.join("r.json");
    let table = s.0.join("r.txt");
    let o = run(&[
        "analyze",
        &incident("healthy"),
        "-f",
        &format!("json={}", json.display()),
        "-f",
        "table",
        "-o",
        &table.to_string_lossy(),
    ]);
    assert_eq!((code(&o), o.stdout.len()), (0, 0), "{}", err(&o));
    let v: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(v["schema_version"], "1.0");
    assert!(std::fs::read_to_string(table).unwrap().contains("NO LEAK"));
    let o = run(&["analyze", &incident("healthy"), "-o", "/no/such/dir/r.txt"]);
    is_refused(&o, "/no/such/dir/r.txt");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let i = incident("stuck-client");
    assert!(!out(&run(&["analyze", &i])).contains('\x1b'));
    assert!(out(&run(&["analyze", &i, "--color", "always"])).contains('\x1b'));
}

#[test]
fn hostile_log_text_reaches_the_terminal_escaped() {
    let s = Scratch::new("cli-hostile");
    let mut text = Vec::new();
    for i in 0..200 {
        text.extend_from_slice(
            format!(
                "2026-11-22 10:{:02}:{:02},000 ERROR [PUSH-FAIL] 5000ms, Service{{namespace='\x1b[2Jns', group='g\u{202e}', name='<script>', ephemeral=true, revision={i}}}, reason=Timeout After 5000 milliseconds,requestId =1, target=\x1b]0;evil\x07\n\n",
                i / 60,
                i % 60
            )
            .as_bytes(),
        );
    }
    let f = s.file("naming-push.log", &text);
    let o = run(&["analyze", &f.to_string_lossy(), "--color", "never", "-v"]);
    assert_eq!(code(&o), 0, "{}", err(&o));
    let shown = out(&o);
    assert!(shown.contains("evil"), "{shown}");
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    assert!(!shown.contains('\u{202e}'));
}

#[test]
fn explain_tells_every_rule() {
    let list = out(&run(&["explain"]));
    for r in nacos_offheap::rules::RULES {
        assert!(list.contains(r.id), "{}", r.id);
        let o = run(&["explain", r.id]);
        assert_eq!(code(&o), 0);
        assert!(out(&o).contains("Speaks for it"));
    }
}

#[test]
fn the_limit_and_the_zone_can_be_given() {
    let s = Scratch::new("cli-given");
    for f in [
        "nmt-20261123-004906.txt",
        "nmt-20261123-004927.txt",
        "nmt-20261123-004947.txt",
    ] {
        let bytes = std::fs::read(fixture("incidents/stuck-client/nmt").join(f)).unwrap();
        s.file(f, &bytes);
    }
    let o = run(&[
        "analyze",
        &s.0.to_string_lossy(),
        "--max-direct-memory",
        "480m",
        "--tz",
        "+08:00",
        "-f",
        "json",
    ]);
    let v: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    let d = &v["nodes"][0]["direct_memory"];
    assert_eq!(d["limit_bytes"], 503_316_480);
    assert_eq!(d["limit_source"], "given");
    assert_eq!(d["series"][0]["t"], "2026-11-22T16:49:06Z");
    assert_eq!(v["nodes"][0]["zone_assumed"]["source"], "given");
}

#[test]
fn a_stretch_of_time_can_be_cut_out() {
    let o = run(&[
        "analyze",
        &incident("stuck-client"),
        "--until",
        "2026-11-23 00:49:50",
        "-f",
        "json",
    ]);
    let v: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(v["outcome"], "no-cause");
    assert_eq!(v["nodes"][0]["direct_memory"]["exhausted"]["count"], 0);
}

#[test]
fn secrets_reach_no_output() {
    let s = Scratch::new("cli-secret");
    s.file(
        "logs/access_log.2026-11-22.log",
        "10.0.0.9 - - [22/Nov/2026:10:00:00 +0800] \"POST /nacos/v1/auth/users/login?username=u&password=sup3rs3cret HTTP/1.1\" 200 1 1\n"
            .repeat(400)
            .as_bytes(),
    );
    s.file(
        "logs/nacos.log",
        b"2026-11-22 10:00:00,000 ERROR got exception. user not found! accessToken=sup3rs3cret\n\njava.lang.OutOfMemoryError: Direct buffer memory token=sup3rs3cret\n",
    );
    s.file(
        "conf/application.properties",
        b"nacos.core.auth.server.identity.value=sup3rs3cret\nnacos.core.auth.plugin.nacos.token.secret.key=sup3rs3cret\nserver.port=1\n",
    );
    s.file(
        "logs/start.out",
        b"/usr/bin/java -Xmx512m -Dnacos.core.auth.server.identity.value=sup3rs3cret -Ddb.password.0=sup3rs3cret -jar /home/nacos/target/nacos-server.jar\n",
    );
    for args in [vec!["-f", "json"], vec!["-v"], vec![]] {
        let dir = s.0.to_string_lossy().into_owned();
        let mut all = vec!["analyze", &dir];
        all.extend(args);
        let o = run(&all);
        assert_eq!(code(&o), 0, "{}", err(&o));
        assert!(
            !out(&o).contains("sup3rs3cret") && !err(&o).contains("sup3rs3cret"),
            "{}",
            out(&o)
        );
    }
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut text)
        .unwrap();
    text
}

#[test]
fn one_fault_of_many_files_does_not_bury_the_others() {
    let dir = Scratch::new("same-fault");
    let nmt = |n: u32| {
        let path = format!("nmt/nmt-20240501-1000{n:02}.txt");
        let text = "1:\n\nNative Memory Tracking:\n\nTotal: reserved=9000KB, committed=5000KB\n\
            -                 Java Heap (reserved=4000KB, committed=3500KB)\n\
            -                     Other (reserved=2000KB, committed=1500KB)\n";
        dir.file(&path, text.as_bytes());
    };
    (0..9).for_each(nmt);
    dir.file("os/smaps-20240501-100000.txt.gz", b"\x1f\x8b\x08\x00cut");
    let of = |more: &[&str]| {
        let path = dir.0.to_string_lossy().into_owned();
        let o = run(&[&["analyze", &path, "--width", "200"], more].concat());
        String::from_utf8(o.stdout).unwrap()
    };
    let told = |text: &str| {
        text.lines()
            .filter(|l| l.contains("add up to the total"))
            .count()
    };
    let short = of(&[]);
    assert_eq!(told(&short), 3, "{short}");
    assert!(short.contains("more (-v)"), "{short}");
    assert_eq!(told(&of(&["-v"])), 9);
}
