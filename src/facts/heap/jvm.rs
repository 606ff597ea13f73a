//! The virtual machine: system properties, counters, native memory behind objects that are no buffers.

use std::collections::BTreeMap;

use crate::parse::hprof::classes::ClassIx;
use crate::parse::hprof::heap::Type;
use crate::parse::hprof::objects::GLUE;

use super::graph::Graph;
use super::kinds::{K, behind, classify};
use super::{Counters, JdkCounter, Jvm, Native, NettyCounter};

/// Whether what goes by this name may be a secret.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "secret",
        "token",
        "key",
        "identity",
        "credential",
    ]
    .iter()
    .any(|word| key.contains(word))
}

/// System properties that are told as they are, beside Netty's own.
const PROPERTIES: [&str; 14] = [
    "java.version",
    "java.vm.name",
    "java.vm.version",
    "java.vm.vendor",
    "java.vendor.version",
    "os.name",
    "os.arch",
    "os.version",
    "user.timezone",
    "nacos.standalone",
    "nacos.mode",
    "nacos.function.mode",
    "jdk.nio.maxCachedBufferSize",
    "sun.nio.MaxDirectMemorySize",
];

pub(super) fn facts<'s>(graph: &'s Graph<'s>) -> Jvm {
    let mut jvm = Jvm::default();
    for table in [
        ("java.lang.System", "props"),
        ("jdk.internal.misc.VM", "savedProps"),
        ("sun.misc.VM", "savedProps"),
    ] {
        let Some(map) = object_static(graph, table.0, table.1) else {
            continue;
        };
        for (key, value) in graph.entries(map, 10_000) {
            let Some(key) = graph.text(key) else { continue };
            let known = PROPERTIES.contains(&key.as_str())
                || behind(&key, "io.netty.").is_some()
                || matches!(key.as_str(), "PID" | "sun.java.command");
            if !known || is_secret(&key) {
                continue;
            }
            let Some(value) = graph.text(value) else {
                continue;
            };
            match key.as_str() {
                "PID" => jvm.pid = jvm.pid.or_else(|| value.trim().parse().ok()),
                "sun.java.command" => {
                    jvm.command.get_or_insert_with(|| without_secrets(&value));
                }
                "java.version" => {
                    jvm.java_version.get_or_insert(value);
                }
                _ => {
                    jvm.properties.entry(key).or_insert(value);
                }
            }
        }
    }
    jvm.nacos_version = object_static(
        graph,
        "com.alibaba.nacos.common.utils.VersionUtils",
        "version",
    )
    .and_then(|id| graph.text(id))
    .filter(|v| !v.contains('$'));
    jvm
}

/// A command line whose secret values are masked.
fn without_secrets(command: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut hide_next = false;
    for word in command.split_whitespace() {
        let hidden = hide_next;
        hide_next = false;
        match word.split_once('=') {
            Some((key, _)) if is_secret(key) => out.push(format!("{key}=***")),
            _ if hidden => out.push("***".to_owned()),
            None if word.starts_with('-') && is_secret(word) => {
                hide_next = true;
                out.push(word.to_owned());
            }
            _ => out.push(word.to_owned()),
        }
    }
    out.join(" ")
}

fn statics<'s>(graph: &'s Graph<'s>, class: &str, name: &str) -> Option<(Type, u64)> {
    let classes = &graph.objects().classes;
    classes
        .of_kind(K::Statics as u8)
        .filter(|&ix| classes.is_named(ix, class))
        .find_map(|ix| classes.static_value(ix, name))
}

fn object_static<'s>(graph: &'s Graph<'s>, class: &str, name: &str) -> Option<u64> {
    match statics(graph, class, name)? {
        (Type::OBJECT, id) if id != 0 => Some(id),
        _ => None,
    }
}

/// A count in a static field: a number, or a counter object.
fn number<'s>(graph: &'s Graph<'s>, value: (Type, u64)) -> Option<u64> {
    let n = match value {
        (Type::OBJECT, 0) => return None,
        (Type::OBJECT, id) => graph.counter(id)?,
        (Type::LONG, bits) => bits as i64,
        (Type::INT, bits) => i64::from(bits as i32),
        (_, bits) => bits as i64,
    };
    u64::try_from(n).ok()
}

pub(super) fn counters<'s>(graph: &'s Graph<'s>) -> Counters {
    let classes = &graph.objects().classes;
    let bits = |names: [&str; 2]| {
        names
            .into_iter()
            .find_map(|name| statics(graph, "java.nio.Bits", name))
            .and_then(|value| number(graph, value))
    };
    let set = ["MEMORY_LIMIT_SET", "memoryLimitSet"]
        .into_iter()
        .find_map(|name| statics(graph, "java.nio.Bits", name));
    let limit = match set {
        Some((_, 0)) => None,
        _ => bits(["MAX_MEMORY", "maxMemory"]),
    };
    let vm_limit = || {
        ["jdk.internal.misc.VM", "sun.misc.VM"]
            .into_iter()
            .find_map(|class| statics(graph, class, "directMemory"))
            .and_then(|value| number(graph, value))
    };
    let jdk = JdkCounter {
        reserved_bytes: bits(["RESERVED_MEMORY", "reservedMemory"]),
        capacity_bytes: bits(["TOTAL_CAPACITY", "totalCapacity"]),
        count: bits(["COUNT", "count"]),
        limit_bytes: limit.or_else(vm_limit),
    };
    let mut netty: Vec<NettyCounter> = Vec::new();
    for ix in classes.of_kind(K::Statics as u8) {
        let Some(name) = classes.name(ix) else {
            continue;
        };
        let Some((prefix, "util.internal.PlatformDependent")) = behind(&name, "io.netty.") else {
            continue;
        };
        let value = |name| classes.static_value(ix, name);
        let size = |name| value(name).and_then(|v| number(graph, v));
        // The oldest of several loaders' copies is the server's; each is told.
        netty.push(NettyCounter {
            prefix: prefix.to_owned(),
            used_bytes: size("DIRECT_MEMORY_COUNTER"),
            limit_bytes: size("DIRECT_MEMORY_LIMIT"),
            max_direct_bytes: size("MAX_DIRECT_MEMORY"),
            no_cleaner: value("USE_DIRECT_BUFFER_NO_CLEANER").map(|(_, bits)| bits != 0),
        });
    }
    netty.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    Counters {
        jdk: (jdk != JdkCounter::default()).then_some(jdk),
        netty,
    }
}

pub(super) fn native<'s>(graph: &'s Graph<'s>) -> Native {
    let live = |kind: K| -> u64 {
        let open = graph.all(kind).filter(|z| {
            // Without its stream object (a thin dump) it is not known to have ended.
            match z.kept("zsRef") {
                Some(stream) => stream.number("address") != Some(0),
                None => z.reference("zsRef").is_some(),
            }
        });
        open.count() as u64
    };
    let mut native = Native {
        inflaters: live(K::Inflater),
        deflaters: live(K::Deflater),
        rocksdb: graph
            .all(K::RocksDb)
            .filter(|db| db.number("nativeHandle_") != Some(0))
            .count() as u64,
        classes: graph.objects().classes.len() as u64,
        ..Native::default()
    };
    for thread in graph.all(K::Thread) {
        // eetop is the address of the VM's thread; virtual threads have none.
        if thread.number("eetop").unwrap_or(0) != 0 {
            native.threads += 1;
        } else {
            native.threads_not_alive += 1;
        }
    }
    for loader in graph.all(K::Loader) {
        native.loaders += 1;
        *native
            .class_loaders
            .entry(loader.class_name().to_owned())
            .or_default() += 1;
    }
    native
}

/// Counts by class of all that the walks look at, and of its subclasses where these matter.
pub(super) fn instances<'s>(graph: &'s Graph<'s>) -> BTreeMap<String, u64> {
    let objects = graph.objects();
    let mut counts = BTreeMap::new();
    for ix in 0..objects.classes.len() as ClassIx {
        let count = objects.count(ix);
        let kind = objects.classes.kind(ix);
        if count == 0 || kind == 0 || kind >= GLUE {
            continue;
        }
        let Some(name) = objects.classes.name(ix) else {
            continue;
        };
        let with_subclasses = [
            K::DirectBuffer,
            K::PooledBuf,
            K::UnpooledBuf,
            K::Channel,
            K::NacosConnection,
        ];
        if classify(&name).is_some() || with_subclasses.iter().any(|&k| k as u8 == kind) {
            *counts.entry(name).or_default() += count;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_on_a_command_line_are_masked() {
        assert_eq!(
            without_secrets(
                "nacos.jar --spring.datasource.password=x --db.token y --nacos.home=/n"
            ),
            "nacos.jar --spring.datasource.password=*** --db.token *** --nacos.home=/n"
        );
    }
}
