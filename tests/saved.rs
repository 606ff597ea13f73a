//! Saved reports: rendered again as they were, and refused with a line that says why.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{INCIDENTS, Scratch, fixture};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .output()
        .unwrap()
}

/// Every format into a file of its own, in `dir`.
fn written(command: &str, of: &Path, dir: &Path, lang: &str) -> Vec<(String, Vec<u8>)> {
    fs::create_dir_all(dir).unwrap();
    let known = nacos_formats();
    let mut args = vec![command.to_owned(), of.display().to_string()];
    args.extend(["--lang".to_owned(), lang.to_owned(), "--verbose".to_owned()]);
    for f in &known {
        args.extend(["-f".to_owned(), format!("{f}={}", dir.join(f).display())]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let o = run(&args);
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    known
        .into_iter()
        .map(|f| {
            let bytes = fs::read(dir.join(&f)).unwrap();
            assert!(!bytes.is_empty(), "{f}");
            (f, bytes)
        })
        .collect()
}

/// All formats there are, also those that come later.
fn nacos_formats() -> Vec<String> {
    use clap::ValueEnum;
    nacos_offheap::cli::OutputFormat::value_variants()
        .iter()
        .map(|f| f.to_possible_value().unwrap().get_name().to_owned())
        .collect()
}

#[test]
fn a_saved_report_is_rendered_as_the_direct_run_does_it_to_the_byte() {
    for name in INCIDENTS {
        for lang in ["en", "zh"] {
            let s = Scratch::new(&format!("saved-{name}-{lang}"));
            let incident = fixture("incidents").join(name);
            let direct = written("analyze", &incident, &s.0.join("direct"), lang);
            let again = written("report", &s.0.join("direct/json"), &s.0.join("again"), lang);
            assert!(direct.len() >= 4);
            for ((format, one), (_, other)) in direct.iter().zip(&again) {
                assert!(one == other, "{name}: {format} in {lang} differs");
            }
        }
    }
}

#[test]
fn a_saved_report_may_be_packed_or_on_standard_input() {
    let plain = fs::read(fixture("expected/healthy.json")).unwrap();
    let s = Scratch::new("saved-packed");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&plain).unwrap();
    let packed = s.file("r.json.gz", &gz.finish().unwrap());
    let o = run(&["report", &packed.to_string_lossy(), "-f", "json"]);
    assert!(o.stdout == plain);
    let mut child = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(["report", "-", "-f", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&plain).unwrap();
    assert!(child.wait_with_output().unwrap().stdout == plain);
}

#[test]
fn gates_hold_for_a_saved_report_as_for_the_run() {
    let stuck = fixture("expected/stuck-client.json");
    let stuck = stuck.to_string_lossy();
    for (args, code) in [
        (&["--fail-on", "critical"][..], 1),
        (&["--fail-on", "peak_ratio>=0.9"][..], 1),
        (&["--fail-on", "no-cause"][..], 0),
        (&["--fail-on", "critical", "--exit-zero"][..], 0),
    ] {
        let o = run(&[&["report", &*stuck][..], args].concat());
        assert_eq!(o.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn what_is_no_report_is_refused_in_one_line() {
    let s = Scratch::new("saved-refused");
    let whole = fs::read_to_string(fixture("expected/healthy.json")).unwrap();
    let other = whole.replacen("\"1.0\"", "\"2.0\"", 1);
    for (name, bytes, says) in [
        ("empty.json", "", "it is empty"),
        ("other.json", other.as_str(), "schema_version \"2.0\""),
        ("cut.json", &whole[..whole.len() / 2], "cut off"),
        ("list.json", "[1]", "not a report"),
        ("naming-push.log", "WARN x\n", "no JSON"),
    ] {
        let path = s
            .file(name, bytes.as_bytes())
            .to_string_lossy()
            .into_owned();
        let o = run(&["report", &path]);
        let e = String::from_utf8_lossy(&o.stderr).into_owned();
        assert_eq!(o.status.code(), Some(2), "{name}: {e}");
        assert_eq!(o.stdout, b"");
        assert_eq!(e.lines().count(), 1, "{e}");
        assert!(
            e.starts_with("nacos-offheap: ") && e.contains(says) && e.contains(name),
            "{e}"
        );
    }
    let o = run(&["report", "/no/such/report.json"]);
    assert_eq!(o.status.code(), Some(2));
}

/// A report somebody wrote by hand may hold anything in the right types.
#[test]
fn an_odd_report_is_laid_out_without_a_panic() {
    let s = Scratch::new("saved-odd");
    let mut v: serde_json::Value =
        serde_json::from_slice(&fs::read(fixture("expected/stuck-client.json")).unwrap()).unwrap();
    let n = &mut v["nodes"][0];
    n["run"] = 99.into();
    n["zone_assumed"]["offset"] = "+99:99".into();
    n["timeline"]["step_s"] = 1e300.into();
    n["timeline"]["start"] = "0000-01-01T00:00:00Z".into();
    n["direct_memory"]["limit_bytes"] = u64::MAX.into();
    n["direct_memory"]["trend"]["bytes_per_hour"] = (-1e308).into();
    n["direct_memory"]["series"][0]["t"] = "9999-12-31T23:59:59Z".into();
    n["direct_memory"]["series"][0]["used_bytes"] = u64::MAX.into();
    n["facts"]["nmt"][0]["total_committed_bytes"] = u64::MAX.into();
    n["clients"][0]["push_fail"] = u64::MAX.into();
    for step in [0.0, -1.0, 1e-300, 1e300] {
        v["nodes"][0]["timeline"]["step_s"] = step.into();
        let path = s.file("odd.json", v.to_string().as_bytes());
        written("report", &path, &s.0.join("out"), "en");
    }
    v["nodes"] = serde_json::json!([]);
    let path = s.file("none.json", v.to_string().as_bytes());
    written("report", &path, &s.0.join("out"), "en");
}
