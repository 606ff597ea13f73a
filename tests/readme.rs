//! The README tells the truth.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/examples.rs"]
mod examples;
mod support;

use std::path::Path;
use std::process::{Command, Output};

use nacos_offheap::rules::{Kind, RULES};
use support::{Scratch, files_below, fixture};
use yaml_rust2::{Yaml, YamlLoader};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_first_command_prints_the_sample() {
    let readme = read("README.md");
    let blocks: Vec<&str> = readme.split("```").collect();
    let first = blocks[1].trim_start_matches("sh\n").trim();
    let args: Vec<&str> = first
        .strip_prefix("cargo run --release --quiet -- ")
        .expect("the first command runs the program")
        .split(' ')
        .collect();
    assert_eq!(blocks[3].trim_start_matches("sh\n").trim(), "cargo test");
    let o = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .env("LC_ALL", "C")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let sample = readme
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&o.stdout), sample);
}

#[test]
fn the_table_of_rules_is_that_of_the_code() {
    let readme = read("README.md");
    for r in RULES {
        let kind = match r.kind {
            Kind::Cause => "cause",
            Kind::Condition => "condition",
            Kind::Advice => "advice",
        };
        let row = format!("| `{}` | {kind} | {} |", r.id, r.title);
        assert!(readme.contains(&row), "missing: {row}");
    }
    let rows = readme
        .split("## Rules")
        .nth(1)
        .unwrap()
        .split("## ")
        .next()
        .unwrap()
        .matches("\n| `")
        .count();
    assert_eq!(rows, RULES.len());
}

#[test]
fn exit_codes_are_the_same_in_readme_and_man_page() {
    let (readme, man) = (read("README.md"), read("man/nacos-offheap.1"));
    for code in 0..=3 {
        assert!(
            readme.contains(&format!("| {code} | ")),
            "README lacks {code}"
        );
        assert!(
            man.contains(&format!(".B {code}\n")),
            "man page lacks {code}"
        );
    }
}

#[test]
fn every_fixture_is_named_in_its_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let text = read("fixtures/README.md");
    for f in files_below(&root) {
        let rel = support::name_below(&f, &root);
        let parts: Vec<&str> = rel.split('/').collect();
        let named = match parts[..] {
            ["README.md"] => true,
            ["incidents", incident, ..] => text.contains(&format!("`incidents/{incident}`")),
            ["expected", ..] => text.contains("## expected/"),
            // Families of one name over several JDKs are written with an N.
            [_, file] => {
                let generic = file
                    .replace("jdk11", "jdkN")
                    .replace("jdk17", "jdkN")
                    .replace("jdk21", "jdkN")
                    .replace("jdk25", "jdkN");
                let stem = generic.trim_start_matches("jdkN");
                let family = file
                    .split_once('.')
                    .map_or_else(String::new, |(_, kind)| format!("`*.{kind}`"));
                text.contains(file)
                    || text.contains(&generic)
                    || text.contains(stem)
                    || text.contains(&family)
            }
            _ => text.contains(&rel),
        };
        assert!(named, "fixtures/README.md does not name {rel}");
    }
}

/// A directory with what the examples of the README and the man pages speak of.
fn workplace(name: &str) -> Scratch {
    let s = Scratch::new(name);
    let copy = |from: &str, to: &str| {
        let root = fixture(from);
        for p in files_below(&root) {
            let rel = support::name_below(&p, &root);
            s.file(&format!("{to}/{rel}"), &std::fs::read(&p).unwrap());
        }
    };
    copy("incidents/stuck-client", "home/nacos");
    copy("incidents/stuck-client/logs", "logs");
    copy("incidents/stuck-client/nmt", ".");
    for n in ["node-1", "node-2", "node-3"] {
        copy(&format!("incidents/cluster/{n}"), n);
    }
    let dump = std::fs::read(fixture("heap/stuck_two_clients.thin.hprof.gz")).unwrap();
    s.file("java_heapdump.hprof", &dump);
    let known = std::fs::read(fixture("expected/slow-client.json")).unwrap();
    s.file("known.json", &known);
    for (name, of) in [("before", "healthy"), ("after", "stuck-client")] {
        let report = std::fs::read(fixture(&format!("expected/{of}.json"))).unwrap();
        s.file(&format!("{name}.json"), &report);
    }
    s.file("redact.key", b"a key that nobody else has\n");
    let toml = read("README.md")
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .to_owned();
    s.file("nacos-offheap.toml", toml.as_bytes());
    // Programs of other people's machines: one tells a log, one takes lines.
    for (name, text) in [
        ("kubectl", "#!/bin/sh\ngzip -dc logs/naming-server.log.gz\n"),
        ("logger", "#!/bin/sh\ncat \"$4\" > logged\n"),
    ] {
        let p = s.file(&format!("bin/{name}"), text.as_bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(p, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    s
}

/// Runs a line as a shell does, the program and the stand-ins first in its path.
fn shell(s: &Scratch, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .parent()
        .unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let home = s.0.join("home/nacos");
    Command::new("sh")
        .args(["-ec", &line.replace("/home/nacos", &home.to_string_lossy())])
        .current_dir(&s.0)
        .env(
            "PATH",
            format!("{}:{}:{path}", s.0.join("bin").display(), program.display()),
        )
        .env("GITHUB_STEP_SUMMARY", s.0.join("summary.md"))
        .output()
        .unwrap()
}

/// The report was written; a gate, where there is one, may hold.
fn runs(s: &Scratch, line: &str) -> i32 {
    let o = shell(s, line);
    let (code, e) = (
        o.status.code().unwrap(),
        String::from_utf8_lossy(&o.stderr).into_owned(),
    );
    let gate = line.contains("--fail-on") || line.contains("--config");
    assert!(
        code == 0 || gate && (code == 1 || code == 3),
        "{line}: {code} {e}"
    );
    assert!(!e.contains("nacos-offheap:"), "{line}: {e}");
    code
}

#[test]
fn every_command_of_the_readme_and_the_man_pages_runs() {
    let s = workplace("readme-commands");
    let readme = read("README.md");
    let mut seen = 0;
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .map(|b| b.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        if line.starts_with("nacos-offheap") || line.contains("| nacos-offheap") {
            runs(&s, line);
            seen += 1;
        }
    }
    let anywhere = readme
        .lines()
        .filter(|l| l.starts_with("nacos-offheap "))
        .count();
    assert!(
        seen > anywhere && seen >= 18,
        "{seen} of {anywhere}: one stands behind a pipe"
    );
    for (_, _, line) in examples::EXAMPLES {
        runs(&s, line);
    }
    for made in [
        "r.json",
        "shown.json",
        "names.json",
        "report.schema.json",
        "nacos-offheap.schema.json",
        "nacos-offheap.bash",
    ] {
        assert!(
            std::fs::metadata(s.0.join(made)).unwrap().len() > 100,
            "{made}"
        );
    }
}

fn blocks(language: &str) -> Vec<String> {
    read("README.md")
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|b| b.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_recipes_for_pipelines_do_what_they_say() {
    let s = workplace("readme-recipes");
    let yaml: Vec<Yaml> = blocks("yaml")
        .iter()
        .map(|t| YamlLoader::load_from_str(t).unwrap().remove(0))
        .collect();
    let [github, gitlab, kubernetes] = &yaml[..] else {
        panic!("{} recipes in YAML", yaml.len())
    };
    // GitHub: the shell parts in order; the file to upload is there although the gate failed.
    let steps = github["jobs"]["nacos-off-heap"]["steps"].as_vec().unwrap();
    let scripts: Vec<&str> = steps.iter().filter_map(|x| x["run"].as_str()).collect();
    assert_eq!(scripts.len(), 1);
    assert_eq!(
        runs(&s, scripts[0]),
        1,
        "the exhausted server fails its step"
    );
    let summary = std::fs::read_to_string(s.0.join("summary.md")).unwrap();
    assert!(
        summary.starts_with("# faulty-client 10.140.5.77\n"),
        "{summary}"
    );
    let upload = steps
        .iter()
        .find_map(|x| x["with"]["sarif_file"].as_str())
        .unwrap();
    let sarif: serde_json::Value =
        serde_json::from_slice(&std::fs::read(s.0.join(upload)).unwrap()).unwrap();
    let first = &sarif["runs"][0]["results"][0];
    assert_eq!(
        first["suppressions"][0]["status"], "accepted",
        "the file of the README suppresses it"
    );
    assert!(
        steps
            .iter()
            .filter(|x| x["if"].as_str() == Some("always()"))
            .count()
            == 1
    );

    let job = &gitlab["nacos-off-heap"];
    let code = runs(&s, job["script"][0].as_str().unwrap());
    assert_eq!(code, 1);
    for made in [
        &job["artifacts"]["reports"]["junit"],
        &job["artifacts"]["paths"][0],
    ] {
        assert!(s.0.join(made.as_str().unwrap()).exists());
    }

    let groovy = blocks("groovy").remove(0);
    assert_eq!(
        groovy.matches(['{', '(']).count(),
        groovy.matches(['}', ')']).count()
    );
    std::fs::remove_file(s.0.join("nacos.xml")).unwrap();
    let line = groovy
        .split("sh '")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert_eq!(runs(&s, line), 1);
    for step in ["junit '", "archiveArtifacts '"] {
        let file = groovy
            .split(step)
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        assert!(s.0.join(file).exists(), "{file}");
    }

    let cron = blocks("crontab").remove(0);
    let fields: Vec<&str> = cron.trim().splitn(6, ' ').collect();
    assert!(
        fields[..5]
            .iter()
            .all(|f| f.chars().all(|c| "0123456789*/,-".contains(c)))
    );
    assert!(
        !fields[5].contains('%'),
        "cron takes a percent sign for the line's end"
    );
    assert!(shell(&s, fields[5]).status.success());
    let logged = std::fs::read_to_string(s.0.join("home/nacos/logged")).unwrap();
    assert!(logged.starts_with("VERDICT"), "{logged}");

    assert_eq!(kubernetes["kind"].as_str(), Some("CronJob"));
    let pod = &kubernetes["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let args: Vec<&str> = container["args"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap())
        .collect();
    assert_eq!(runs(&s, &format!("nacos-offheap {}", args.join(" "))), 1);
    let mount = &container["volumeMounts"][0];
    assert_eq!(mount["name"], pod["volumes"][0]["name"]);
    assert!(args.contains(&mount["mountPath"].as_str().unwrap()));
    assert!(
        container["image"]
            .as_str()
            .unwrap()
            .ends_with(env!("CARGO_PKG_VERSION"))
    );
}
