//! What several tests share.
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::report::Report;
use nacos_offheap::{Options, analyse, find_inputs};

/// A path below `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

/// The name of a file below a folder, as the folder sees it.
pub fn name_below(file: &Path, folder: &Path) -> String {
    let name = file.strip_prefix(folder).unwrap();
    name.to_str().unwrap().to_owned()
}

/// The report of some paths.
pub fn report_of(paths: &[&Path], jobs: Option<usize>) -> Report {
    let arguments: Vec<_> = paths
        .iter()
        .map(|p| Argument {
            path: p.to_path_buf(),
            node: None,
        })
        .collect();
    let inputs = find_inputs(&arguments).expect("inputs");
    let options = Options {
        jobs,
        ..Options::default()
    };
    analyse(&inputs, &options, &|_, _| ()).expect("report")
}

/// A fresh directory for one test, removed when dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// Made below the system's temporary directory.
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("nacos-offheap-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("scratch directory");
        Self(dir)
    }

    /// A file in it.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(&path, bytes).expect("file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Holds `got` against a golden file; `UPDATE_GOLDEN=1` rewrites it, then read the difference.
pub fn golden(path: &Path, got: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, got).expect("golden file");
        return;
    }
    let want = fs::read_to_string(path).unwrap_or_default();
    if want != got {
        let line = want
            .lines()
            .zip(got.lines())
            .position(|(a, b)| a != b)
            .unwrap_or_else(|| want.lines().count().min(got.lines().count()));
        panic!(
            "{} differs at line {}:\n  want: {:?}\n  got:  {:?}\n(UPDATE_GOLDEN=1 rewrites it)",
            path.display(),
            line + 1,
            want.lines().nth(line),
            got.lines().nth(line)
        );
    }
}

/// Every file below a directory, in order.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(dir)
        .expect("directory")
        .map(|e| e.expect("entry").path())
        .collect();
    entries.sort();
    for p in entries {
        if p.is_dir() {
            out.extend(files_below(&p));
        } else {
            out.push(p);
        }
    }
    out
}

/// The bundled incidents.
pub const INCIDENTS: [&str; 5] = [
    "stuck-client",
    "healthy",
    "slow-client",
    "fan-out",
    "cluster",
];

/// Texts that a log may hold and a document must not obey.
pub const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</style></title></code></svg><img src=x onerror=alert(1)>",
    "\" onload=\"alert(1)\" x='y",
    "&lt;b&gt; &#x3c;i&#x3e; <!-- ]]> -->",
    "\u{202e}txet desrever \u{2066}\u{200f}\u{feff}",
    "\x1b[31mred\x07\0 a\r\nb\n\n# heading\n- item",
    "a|b \\| c `code` ``` *b* __i__ ~~s~~ $x$",
    "[link](https://evil.example) ![image](x) <https://evil.example> www.evil.example @team #1",
    "😈 中文 e\u{301}\u{301} \u{5d0}\u{5d1}",
    "javascript:alert(1)",
    "--- === +++ 1. 2) ::: {{7*7}} ${7*7}",
    "`|`|`",
];

/// The report with `text` in the place of every text that comes out of a file.
pub fn with_text(report: &Report, text: &str) -> Report {
    fn walk(v: &mut serde_json::Value, key: &str, text: &str) {
        const FREE: [&str; 14] = [
            "text",
            "quote",
            "path",
            "ip",
            "value",
            "why",
            "what",
            "apps",
            "sdk_versions",
            "version",
            "collector",
            "server_version",
            "used_source",
            "source",
        ];
        match v {
            serde_json::Value::String(s) if FREE.contains(&key) || key == "params" => {
                *s = text.to_owned();
            }
            serde_json::Value::Array(a) => a.iter_mut().for_each(|v| walk(v, key, text)),
            serde_json::Value::Object(o) => {
                for (k, v) in o.iter_mut() {
                    // Any parameter of a sentence; else by the member's name.
                    let key = if key == "params" { "params" } else { k };
                    walk(v, key, text);
                }
            }
            _ => {}
        }
    }
    let mut v = serde_json::to_value(report).unwrap();
    walk(&mut v, "", text);
    serde_json::from_value(v).expect("still a report")
}
