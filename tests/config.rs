//! Options from the command line, the environment and the file; completions.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::ffi::OsString;
use std::process::{Command, Output};

use clap::CommandFactory;
use nacos_offheap::cli::Cli;
use nacos_offheap::config::{Config, Takes, fill, keys, schema};
use support::{Scratch, fixture};

/// A value of an option that is not its default.
fn value(takes: &Takes, n: usize) -> String {
    match takes {
        Takes::Switch => "true".to_owned(),
        Takes::Number => (n + 3).to_string(),
        Takes::OneOf(all) => all[n % all.len()].clone(),
        Takes::Text | Takes::Texts => format!("text-{n}"),
    }
}

#[test]
fn for_every_option_of_every_command_typed_goes_before_environment_before_file() {
    let mut seen = 0;
    for key in keys() {
        for command in &key.commands {
            let mut base: Vec<OsString> = vec!["nacos-offheap".into(), command.into()];
            // Whatever stands before the options: as many operands as the command wants.
            let operands = Cli::command()
                .find_subcommand(command)
                .unwrap()
                .get_positionals()
                .filter(|p| p.is_required_set())
                .count();
            base.extend((0..operands).map(|_| OsString::from("x")));
            let (env, file) = (value(&key.takes, 1), value(&key.takes, 0));
            let toml = match key.takes {
                Takes::Switch | Takes::Number => format!("{} = {file}\n", key.name),
                _ => format!("{} = \"{file}\"\n", key.name),
            };
            let config = Config::read(&toml).unwrap();
            let with = |typed: bool, in_env: bool, in_file: bool| {
                let mut arguments = base.clone();
                if typed {
                    let option = match key.takes {
                        Takes::Switch => format!("--{}", key.name),
                        _ => format!("--{}={}", key.name, value(&key.takes, 2)),
                    };
                    arguments.push(option.into());
                }
                let matches = Cli::command().try_get_matches_from(&arguments).unwrap();
                let variable = |v: &str| (in_env && v == key.variable()).then(|| env.clone());
                let file = in_file.then_some(("f.toml", &config));
                let filled = fill(&arguments, &matches, &variable, file).unwrap();
                let added = filled.arguments.len() - arguments.len();
                let first = filled
                    .arguments
                    .get(2)
                    .map(|a| a.to_string_lossy().into_owned())
                    .unwrap_or_default();
                (added, first, filled.origins.get(&key.name).cloned())
            };
            let shown = |v: &str| match key.takes {
                Takes::Switch => format!("--{}", key.name),
                _ => format!("--{}={v}", key.name),
            };
            let at = format!("{command} --{}", key.name);
            assert_eq!(with(true, true, true).0, 0, "{at}");
            assert_eq!(
                with(false, true, true),
                (1, shown(&env), Some(key.variable())),
                "{at}"
            );
            assert_eq!(
                with(false, false, true),
                (1, shown(&file), Some("f.toml".to_owned())),
                "{at}"
            );
            assert_eq!(with(false, false, false).0, 0, "{at}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn an_option_of_another_command_stays_out() {
    let config = Config::read("tz = \"+08:00\"\ntop = 3\n").unwrap();
    let arguments: Vec<OsString> = ["nacos-offheap", "--config", "heap", "heap", "x"]
        .map(Into::into)
        .to_vec();
    let matches = Cli::command().try_get_matches_from(&arguments).unwrap();
    let filled = fill(&arguments, &matches, &|_| None, Some(("heap", &config))).unwrap();
    assert_eq!(
        filled.arguments[3..],
        ["heap", "--top=3", "x"].map(OsString::from)
    );
}

#[test]
fn the_schema_of_the_file_names_every_option_with_its_help() {
    let s = schema();
    for k in keys() {
        let of = &s["properties"][&k.name];
        assert!(
            of["description"].as_str().is_some_and(|d| d.len() > 8),
            "{}",
            k.name
        );
    }
    assert_eq!(s["additionalProperties"], false);
    assert!(s["properties"]["config"].is_null());
}

fn run(s: &Scratch, args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .envs(env.iter().copied())
        .current_dir(&s.0)
        .output()
        .unwrap()
}

#[test]
fn the_program_follows_file_environment_and_command_line() {
    let s = Scratch::new("config");
    let stuck = fixture("incidents/stuck-client")
        .to_string_lossy()
        .into_owned();
    s.file(
        "c.toml",
        b"format = \"json\"\nfail-on = [\"high\"]\nstrict = true\n",
    );
    let first = |o: &Output| o.stdout.first().copied();
    let a = ["analyze", stuck.as_str(), "--config", "c.toml"];
    let o = run(&s, &a, &[]);
    assert_eq!(
        (o.status.code(), first(&o)),
        (Some(1), Some(b'{')),
        "{}",
        String::from_utf8_lossy(&o.stderr)
    );
    let o = run(
        &s,
        &a,
        &[
            ("NACOS_OFFHEAP_FORMAT", "junit"),
            ("NACOS_OFFHEAP_FAIL_ON", "no-cause"),
        ],
    );
    assert_eq!((o.status.code(), first(&o)), (Some(0), Some(b'<')));
    let mut typed = a.to_vec();
    typed.extend(["-f", "table"]);
    let o = run(&s, &typed, &[("NACOS_OFFHEAP_FORMAT", "junit")]);
    assert_eq!((o.status.code(), first(&o)), (Some(1), Some(b'V')));
    // The file may be named by the environment, too.
    let o = run(
        &s,
        &a[..2],
        &[
            ("NACOS_OFFHEAP_CONFIG", "c.toml"),
            ("NACOS_OFFHEAP_EXIT_ZERO", "1"),
        ],
    );
    assert_eq!((o.status.code(), first(&o)), (Some(0), Some(b'{')));
}

#[test]
fn mistakes_name_their_origin_in_one_line() {
    let s = Scratch::new("config-wrong");
    s.file("unknown.toml", b"top = 3\nfail_on = \"high\"\n");
    s.file("zone.toml", b"tz = \"Mars\"\n");
    let calm = fixture("incidents/healthy").to_string_lossy().into_owned();
    let with = |file: &str, env: &[(&str, &str)]| {
        let mut args = vec!["analyze", calm.as_str()];
        if !file.is_empty() {
            args.extend(["--config", file]);
        }
        let o = run(&s, &args, env);
        assert_eq!((o.status.code(), o.stdout.len()), (Some(2), 0));
        let e = String::from_utf8_lossy(&o.stderr).into_owned();
        assert_eq!(e.lines().count(), 1, "{e}");
        e
    };
    let e = with("unknown.toml", &[]);
    assert!(
        e.contains("unknown.toml: line 2: unknown key `fail_on`: did you mean `fail-on`?"),
        "{e}"
    );
    let e = with("zone.toml", &[]);
    assert!(
        e.contains("--tz Mars") && e.contains("(set by zone.toml)"),
        "{e}"
    );
    let e = with("", &[("NACOS_OFFHEAP_TOP", "many")]);
    assert!(e.contains("NACOS_OFFHEAP_TOP") && e.contains("many"), "{e}");
    let e = with("", &[("NACOS_OFFHEAP_STRICT", "maybe")]);
    assert!(
        e.contains("NACOS_OFFHEAP_STRICT=maybe: expected true or false"),
        "{e}"
    );
    assert!(with("none.toml", &[]).contains("--config none.toml"));
    let o = run(&s, &["explain", "fauly-client"], &[]);
    let e = String::from_utf8_lossy(&o.stderr).into_owned();
    assert!(
        e.contains("did you mean faulty-client?") && o.status.code() == Some(2),
        "{e}"
    );
}

#[test]
fn completions_know_every_command_and_option() {
    let s = Scratch::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let o = run(&s, &["completions", shell], &[]);
        assert_eq!(o.status.code(), Some(0));
        let text = String::from_utf8(o.stdout).unwrap();
        for k in keys() {
            assert!(text.contains(&k.name), "{shell}: {}", k.name);
        }
        for c in Cli::command().get_subcommands() {
            assert!(text.contains(c.get_name()), "{shell}: {}", c.get_name());
        }
    }
    let script = s.file("c.bash", &run(&s, &["completions", "bash"], &[]).stdout);
    let asked = format!(
        ". {}; COMP_WORDS=(nacos-offheap analyze --fail); COMP_CWORD=2; _nacos__offheap nacos-offheap --fail analyze; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let o = Command::new("bash").args(["-c", &asked]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&o.stdout).trim(),
        "--fail-on",
        "{}",
        String::from_utf8_lossy(&o.stderr)
    );
}
