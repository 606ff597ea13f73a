//! Names become pseudonyms with `--redact`; secrets are shown in no case. Every format is looked at, those to come as well.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/hprof.rs"]
mod hprof;
#[path = "support/server.rs"]
mod server;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::process::{Command, Output};

use clap::ValueEnum;
use nacos_offheap::cli::OutputFormat;
use serde_json::Value;
use support::{Scratch, files_below, fixture};

fn run(s: &Scratch, args: &[&str]) -> Output {
    let o = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .current_dir(&s.0)
        .output()
        .unwrap();
    assert_eq!(
        o.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&o.stderr)
    );
    o
}

/// Output in every format, what is on standard error with it.
fn everywhere(s: &Scratch, more: &[&str]) -> String {
    let mut all = String::new();
    for f in OutputFormat::value_variants() {
        let name = f.to_possible_value().unwrap().get_name().to_owned();
        for lang in ["en", "zh"] {
            let mut args = vec![
                "analyze", "in", "-v", "--width", "4000", "--lang", lang, "-f", &name,
            ];
            args.extend(more);
            let o = run(s, &args);
            all.push_str(&String::from_utf8_lossy(&o.stdout));
            all.push_str(&String::from_utf8_lossy(&o.stderr));
        }
    }
    all
}

/// The bundled incident under names of an imaginary company, and files that name users, hosts, data ids.
fn incident(s: &Scratch) {
    let root = fixture("incidents/stuck-client");
    for p in files_below(&root) {
        let name = support::name_below(&p, &root);
        let bytes = fs::read(&p).unwrap();
        let bytes = if name.ends_with(".gz") {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_end(&mut out)
                .unwrap();
            out
        } else {
            bytes
        };
        let text = String::from_utf8_lossy(&bytes)
            .replace("namespace='public'", "namespace='acme-prod'")
            .replace("DEFAULT_GROUP", "CHECKOUT")
            .replace("svc-", "ledger.");
        s.file(
            &format!("in/mse01.acme.example/{}", name.trim_end_matches(".gz")),
            text.as_bytes(),
        );
    }
    let logins: String = (0..400)
        .map(|i| {
            format!(
                "10.140.5.21 - - [23/Nov/2026:00:5{}:{:02} +0800] \"POST /nacos/v1/auth/users/login?username=wangwei&x={i} HTTP/1.1\" 200 1 1\n",
                i % 5,
                i % 60
            )
        })
        .collect();
    s.file(
        "in/mse01.acme.example/logs/access_log.2026-11-23.1.log",
        logins.as_bytes(),
    );
    s.file(
        "in/mse01.acme.example/logs/remote.log",
        b"2026-11-23 00:50:00,000 WARN no route to host billing-7.acme.example/10.140.9.9:5000, client fd12::77 of user 'lihua'\n\
          2026-11-23 00:50:01,000 WARN pushes of magpie to user heron at host kestrel failed: java.net.UnknownHostException: dbserver\n",
    );
}

const NAMES: [&str; 17] = [
    "10.140.5.77",
    "10.140.5.22",
    "10.140.5.21",
    "10.140.4.10",
    "acme",
    "CHECKOUT",
    "ledger",
    "wangwei",
    "mse01",
    "billing",
    "10.140.9.9",
    "fd12::77",
    "lihua",
    "heron",
    "kestrel",
    "dbserver",
    "magpie",
];

fn json(o: &Output) -> Value {
    serde_json::from_slice(&o.stdout).unwrap()
}

#[test]
fn no_name_is_left_in_any_format_and_all_agree_on_pseudonyms() {
    let s = Scratch::new("redact");
    incident(&s);
    s.file("key", b"a key that nobody else has\n");
    let plain = everywhere(&s, &[]);
    for name in [
        "10.140.5.77",
        "acme",
        "mse01",
        "ledger",
        "heron",
        "kestrel",
        "dbserver",
        "magpie",
    ] {
        assert!(
            plain.contains(name),
            "{name} is in the plain report, or this test tests nothing"
        );
    }
    let redacted = everywhere(
        &s,
        &[
            "--redact",
            "--redact-key",
            "key",
            "--redact-map",
            "map.json",
        ],
    );
    for name in NAMES {
        if let Some(at) = redacted.find(name) {
            let around: String = redacted[..at]
                .chars()
                .rev()
                .take(80)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            panic!(
                "{name} is left: {around}{}",
                redacted[at..].chars().take(80).collect::<String>()
            );
        }
    }
    let map: BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(s.0.join("map.json")).unwrap()).unwrap();
    let of: BTreeMap<&str, &str> = map.iter().map(|(p, n)| (n.as_str(), p.as_str())).collect();
    assert_eq!(
        of.len(),
        map.len(),
        "one pseudonym for each name, one name for each pseudonym"
    );
    // The stuck client under its one pseudonym in every format; its neighbours in its subnet.
    let stuck = of["10.140.5.77"];
    for f in OutputFormat::value_variants() {
        let name = f.to_possible_value().unwrap().get_name().to_owned();
        let o = run(
            &s,
            &[
                "analyze",
                "in",
                "-f",
                &name,
                "--redact",
                "--redact-key",
                "key",
            ],
        );
        assert!(String::from_utf8_lossy(&o.stdout).contains(stuck), "{name}");
    }
    let net = |a: &str| a.rsplit_once('.').unwrap().0.to_owned();
    assert_eq!(net(stuck), net(of["10.140.5.22"]));
    assert_ne!(net(stuck), net(of["10.140.4.10"]));
    assert!(stuck.starts_with("10."));
}

/// Every string that names somebody by where it stands in a report.
fn named(value: &Value, member: &str, out: &mut std::collections::BTreeSet<String>) {
    const MEMBERS: [&str; 10] = [
        "ip",
        "address",
        "peer",
        "apps",
        "app",
        "user",
        "host",
        "connection_id",
        "declared_address",
        "namespace",
    ];
    const MAPS: [&str; 4] = ["by_client", "by_address", "back_pressure", "udp"];
    match value {
        Value::String(s) if MEMBERS.contains(&member) => {
            out.insert(s.clone());
        }
        Value::Array(all) => all.iter().for_each(|v| named(v, member, out)),
        Value::Object(all) => {
            let subject = all.get("kind").and_then(Value::as_str).filter(|k| {
                [
                    "client-ip",
                    "connection-id",
                    "service",
                    "user",
                    "app",
                    "data-id",
                ]
                .contains(k)
            });
            if let (Some(_), Some(Value::String(v))) = (subject, all.get("value")) {
                out.extend(v.split('/').map(str::to_owned));
            }
            if MAPS.contains(&member) {
                out.extend(all.keys().cloned());
            }
            all.iter().for_each(|(k, v)| named(v, k, out));
        }
        _ => {}
    }
}

#[test]
fn no_name_of_a_bundled_incident_is_left_in_any_format() {
    let s = Scratch::new("redact-incidents");
    s.file("key", b"a key that nobody else has\n");
    for incident in [
        "stuck-client",
        "slow-client",
        "fan-out",
        "native-leak",
        "cluster",
    ] {
        let expected = fixture(&format!("expected/{incident}.json"));
        let report: Value = serde_json::from_slice(&fs::read(expected).unwrap()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        named(&report, "", &mut names);
        let known = [
            "public",
            "DEFAULT_GROUP",
            "127.0.0.1",
            "0.0.0.0",
            "nacos",
            "root",
            "unknown",
        ];
        names.retain(|n| n.len() > 2 && !known.contains(&n.as_str()));
        assert!(names.len() >= 2, "{incident}: {names:?}");
        let path = fixture(&format!("incidents/{incident}"));
        let saved = s.0.join("saved.json");
        fs::write(&saved, serde_json::to_vec(&report).unwrap()).unwrap();
        for f in OutputFormat::value_variants() {
            let f = f.to_possible_value().unwrap().get_name().to_owned();
            for args in [
                ["analyze", path.to_str().unwrap()],
                ["report", saved.to_str().unwrap()],
            ] {
                let o = run(
                    &s,
                    &[
                        args[0],
                        args[1],
                        "-v",
                        "--width",
                        "4000",
                        "--lang",
                        "zh",
                        "-f",
                        &f,
                        "--redact",
                        "--redact-key",
                        "key",
                    ],
                );
                let text = String::from_utf8_lossy(&o.stdout).into_owned();
                assert!(
                    text.len() > 500,
                    "{incident} {f}: {}",
                    String::from_utf8_lossy(&o.stderr)
                );
                let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '.');
                let left = names.iter().find(|n| {
                    text.match_indices(n.as_str()).any(|(at, m)| {
                        !word(text[..at].chars().next_back())
                            && !word(text[at + m.len()..].chars().next())
                    })
                });
                assert!(
                    left.is_none(),
                    "{incident} {} {f}: {left:?} is left",
                    args[0]
                );
            }
        }
    }
}

#[test]
fn the_map_of_a_comparison_holds_the_names_of_both_sides() {
    let s = Scratch::new("redact-diff");
    s.file("key", b"a key that nobody else has\n");
    let of = |n: &str| fixture(&format!("expected/{n}.json"));
    let (before, after) = (of("slow-client"), of("stuck-client"));
    let o = run(
        &s,
        &[
            "diff",
            before.to_str().unwrap(),
            after.to_str().unwrap(),
            "-q",
            "--redact",
            "--redact-key",
            "key",
            "--redact-map",
            "map.json",
        ],
    );
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    let map: BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(s.0.join("map.json")).unwrap()).unwrap();
    for path in [before, after] {
        let report: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let ip = report["nodes"][0]["clients"][0]["ip"].as_str().unwrap();
        assert!(map.values().any(|n| n == ip), "{ip}");
    }
}

#[test]
fn the_report_says_the_same_under_pseudonyms() {
    let s = Scratch::new("redact-same");
    incident(&s);
    s.file("key", b"a key that nobody else has\n");
    s.file("other", b"another key that nobody has\n");
    let plain = json(&run(&s, &["analyze", "in", "-f", "json"]));
    let with = |key: &str| {
        run(
            &s,
            &[
                "analyze",
                "in",
                "-f",
                "json",
                "--redact",
                "--redact-key",
                key,
            ],
        )
    };
    let (a, b, c) = (with("key"), with("key"), with("other"));
    assert_eq!(a.stdout, b.stdout, "the same key gives the same bytes");
    assert_ne!(a.stdout, c.stdout);
    let once = run(&s, &["analyze", "in", "-f", "json", "--redact"]);
    let again = run(&s, &["analyze", "in", "-f", "json", "--redact"]);
    assert_ne!(
        once.stdout, again.stdout,
        "without a file each run has its own key"
    );
    let a = json(&a);
    for pointer in [
        "/outcome",
        "/verdict/rule",
        "/verdict/confidence",
        "/nodes/0/direct_memory/trend",
        "/nodes/0/clients/0/push_fail",
        "/nodes/0/jvm/version",
        "/nodes/0/server_version",
        "/nodes/0/findings/0/evidence/0/weight",
        "/inputs/0/format",
    ] {
        assert!(a.pointer(pointer).is_some(), "{pointer}");
        assert_eq!(a.pointer(pointer), plain.pointer(pointer), "{pointer}");
    }
    let ip = a["verdict"]["subjects"][0]["value"].as_str().unwrap();
    assert_eq!(a["nodes"][0]["clients"][0]["ip"], ip);
    assert_eq!(
        a["nodes"][0]["findings"][0]["fingerprint"],
        format!("faulty-client:{ip}")
    );
    assert!(
        a["statement"]["text"].as_str().unwrap().starts_with(ip),
        "a sentence is made anew"
    );
    assert!(
        a["verdict"]["subjects"]
            .to_string()
            .contains(&format!("_{ip}_48222")),
        "connection ids go with their address"
    );
    // A redacted report is a baseline for later ones with the same key.
    s.file("known.json", a.to_string().as_bytes());
    let o = run(
        &s,
        &[
            "analyze",
            "in",
            "--redact",
            "--redact-key",
            "key",
            "--baseline",
            "known.json",
            "--fail-on",
            "high",
        ],
    );
    assert!(String::from_utf8_lossy(&o.stdout).contains("it is in the baseline"));
}

#[test]
fn the_options_of_redaction_say_what_is_wrong() {
    let s = Scratch::new("redact-wrong");
    incident(&s);
    s.file("short", b"short\n");
    for (args, says) in [
        (&["--redact-map", "m"][..], "without --redact"),
        (&["--redact", "--redact-key", "none"], "--redact-key none"),
        (&["--redact", "--redact-key", "short"], "at least 16"),
    ] {
        let mut all = vec!["analyze", "in"];
        all.extend(args);
        let o = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
            .args(all)
            .current_dir(&s.0)
            .output()
            .unwrap();
        let e = String::from_utf8_lossy(&o.stderr).into_owned();
        assert!(
            o.status.code() == Some(2) && e.contains(says) && e.lines().count() == 1,
            "{e}"
        );
    }
}

#[cfg(unix)]
#[test]
fn the_map_is_for_its_owner_alone_even_where_a_file_was_open_to_all() {
    use std::os::unix::fs::PermissionsExt;
    let s = Scratch::new("redact-map");
    incident(&s);
    s.file("old.json", b"{}");
    fs::set_permissions(s.0.join("old.json"), fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["new.json", "old.json"] {
        run(&s, &["analyze", "in", "--redact", "--redact-map", name]);
        let mode = fs::metadata(s.0.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn secrets_in_every_form_reach_no_output_even_without_redact() {
    const SECRET: &str = "sup3rs3cret";
    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuYWNvcyJ9.c2lnbmF0dXJl";
    let s = Scratch::new("secrets");
    let forms = [
        format!("accessToken={SECRET}"),
        format!("Authorization: Bearer {JWT}"),
        format!("Authorization: Basic {SECRET}"),
        format!("nacos.core.auth.plugin.nacos.token.secret.key={SECRET}"),
        format!("nacos.core.auth.server.identity.value={SECRET}"),
        format!("nacos.core.auth.server.identity.key={SECRET}"),
        format!("-Ddb.password.0={SECRET}"),
        format!("jdbc:mysql://10.0.0.1:3306/nacos?user=u&password={SECRET}"),
        format!("mysql://nacos:{SECRET}@10.0.0.1/nacos"),
        format!("accessKey={SECRET}, secretKey={SECRET}"),
        format!("ak={SECRET} sk={SECRET}"),
        format!("Spas-SecurityToken: {SECRET}"),
        format!("{{\"password\": \"a b, {SECRET}\"}}"),
        format!("NacosUser{{token='{SECRET}', globalAdmin=false}}"),
        JWT.to_owned(),
    ];
    let mut log = String::new();
    let mut push = String::new();
    for (i, form) in forms.iter().enumerate() {
        // Each stands in records of known statements that are quoted, in reasons, and in texts of failures.
        log.push_str(&format!(
            "2026-11-22 10:00:{i:02},000 ERROR got exception. user not found! {form}\n\njava.lang.OutOfMemoryError: Direct buffer memory {form}\n\n\
             2026-11-22 10:01:{i:02},000 ERROR io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 16777216 byte(s) of \
             direct memory (used: 503316480, max: 503316480) {form}\n\n"
        ));
        for n in 0..40 {
            push.push_str(&format!(
                "2026-11-22 10:{n:02}:{i:02},000 ERROR [PUSH-FAIL] 5000ms, Service{{namespace='{form}', group='g', name='{form}', \
                 ephemeral=true, revision=1}}, reason={form},requestId =1, target=10.0.0.9\n\n"
            ));
        }
    }
    s.file("in/logs/nacos.log", log.as_bytes());
    s.file("in/logs/naming-push.log", push.as_bytes());
    let requests: String = (0..400)
        .map(|i| {
            format!(
                "10.0.0.9 - - [22/Nov/2026:10:00:{:02} +0800] \"POST /nacos/v1/auth/users/login?username=u&password={SECRET}&accessToken={JWT} HTTP/1.1\" 200 1 1\n",
                i % 60
            )
        })
        .collect();
    s.file("in/logs/access_log.2026-11-22.log", requests.as_bytes());
    s.file(
        "in/conf/application.properties",
        forms.join("\n").as_bytes(),
    );
    let flags = format!(
        "/usr/bin/java -Xmx512m -Dnacos.core.auth.server.identity.value={SECRET} -Ddb.password.0={SECRET} -jar \
         /home/nacos/target/nacos-server.jar -Dtoken={SECRET} --db.password={SECRET} --spring.datasource.password {SECRET}\n"
    );
    s.file("in/logs/start.out", flags.as_bytes());
    s.file("in/jvm/vm_command_line.txt", format!("4711:\nVM Arguments:\njvm_args: -Xmx512m -Ddb.password.0={SECRET}\njava_command: nacos.jar --db.password={SECRET}\n").as_bytes());
    // Its properties, command line and labels hold three more.
    let dump = server::Server::default()
        .dump()
        .write("1.0.2", hprof::Framing::Single);
    s.file("in/java_heapdump.hprof", &dump);
    for more in [&[][..], &["--redact"]] {
        let all = everywhere(&s, more);
        assert!(
            all.contains("10.1.2.3") || !more.is_empty(),
            "the dump was read"
        );
        for secret in [
            SECRET,
            "eyJ",
            "c2lnbmF0dXJl",
            "c2VjcmV0",
            "s3cr3t",
            "hunter2",
        ] {
            if let Some(at) = all.find(secret) {
                let from = all[..at].char_indices().rev().nth(100).map_or(0, |c| c.0);
                panic!(
                    "{secret} is shown: {}",
                    all[from..].chars().take(160).collect::<String>()
                );
            }
        }
    }
}
