//! How a JVM was started: command lines, flags, versions, system properties.
//!
//! ```text
//! start.out, line 1      /path/java -Xmx512m ... -jar nacos-server.jar --args
//! VM.command_line        jvm_args: -Xmx512m ...
//!                        java_command: nacos-server.jar --args
//! VM.flags               -XX:MaxHeapSize=536870912 -XX:+UseParallelGC ...            what is not default, in bytes
//! VM.flags -all, hs_err     size_t MaxHeapSize = 536870912  {product} {command line}    9 and later
//!                            uintx MaxHeapSize := 536870912 {product}                   8: `:=` is not default
//! GC log of 8            CommandLine flags: -XX:MaxHeapSize=536870912 ...
//! environment            Picked up JAVA_TOOL_OPTIONS: -Xmx512m
//! VM.version             OpenJDK 64-Bit Server VM version 25.504-b01 / JDK 8.0_504
//! VM.system_properties   java.util.Properties text: `key=value`, `:` and `=` escaped
//! ```
//!
//! Read from the output of Debian 8u504 and 17.0.15, Temurin 11.0.13, 21.0.8 and 25.0.3, and from the command line that
//! Nacos's startup.sh prints. Sizes are read as HotSpot reads them: decimal or `0x`, then at most one of k m g t.
//!
//! Values whose key speaks of a password, secret, token, key, credential or identity are replaced by [`REDACTED`] as
//! they are read.

use std::collections::BTreeMap;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{char, one_of, space0, space1};
use nom::combinator::{map, opt, rest, value};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::heading::{self, Heading};
use super::lines::{after, cut, decimal, find, lines, pid_line, text, trim, words};

/// Stands in place of a value that must not be shown.
pub const REDACTED: &str = "<redacted>";

/// Options, flags and properties kept of one text.
const MAX_ITEMS: usize = 20_000;
/// Bytes kept of one option or value.
const MAX_VALUE: usize = 4_096;

/// A garbage collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collector {
    /// `-XX:+UseSerialGC`.
    Serial,
    /// `-XX:+UseParallelGC`, `-XX:+UseParallelOldGC`; the default of servers on JDK 8.
    Parallel,
    /// `-XX:+UseConcMarkSweepGC`, up to JDK 13.
    Cms,
    /// `-XX:+UseG1GC`; the default of servers from JDK 9.
    G1,
    /// `-XX:+UseZGC`.
    Z,
    /// `-XX:+UseShenandoahGC`.
    Shenandoah,
    /// `-XX:+UseEpsilonGC`.
    Epsilon,
}

impl Collector {
    /// Its short name: `Parallel`, `G1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "Serial",
            Self::Parallel => "Parallel",
            Self::Cms => "CMS",
            Self::G1 => "G1",
            Self::Z => "ZGC",
            Self::Shenandoah => "Shenandoah",
            Self::Epsilon => "Epsilon",
        }
    }

    /// From a JVM's own name for it, in GC logs and hs_err heads: `G1`, `Concurrent Mark Sweep`, `The Z Garbage Collector`,
    /// `parallel gc`.
    #[must_use]
    pub fn read(name: &[u8]) -> Option<Self> {
        let n = trim(name).to_ascii_lowercase();
        let has = |w: &[u8]| find(&n, w).is_some();
        if has(b"shenandoah") {
            Some(Self::Shenandoah)
        } else if has(b"concurrent mark sweep") || has(b"cms") || has(b"concurrent-mark-sweep") {
            Some(Self::Cms)
        } else if has(b"parallel") {
            Some(Self::Parallel)
        } else if has(b"serial") {
            Some(Self::Serial)
        } else if has(b"epsilon") {
            Some(Self::Epsilon)
        } else if n.starts_with(b"g1") || has(b" g1") {
            Some(Self::G1)
        } else if n.starts_with(b"z ") || n == b"z" || has(b"zgc") || has(b"the z ") {
            Some(Self::Z)
        } else {
            None
        }
    }
}

/// What a command line starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Main {
    /// `-jar X`.
    Jar(String),
    /// A class name.
    Class(String),
    /// `-m X`.
    Module(String),
}

/// A command line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// The java executable.
    pub java: Option<String>,
    /// Options to the JVM as written, without quotes. An option and its separate value (`--add-opens X`) are one entry.
    pub options: Vec<String>,
    /// What is started.
    pub main: Option<Main>,
    /// What the program gets.
    pub arguments: Vec<String>,
    /// Those of `arguments` that were meant for the JVM and have no effect, because they stand behind the jar or class.
    pub inert: Vec<String>,
}

/// Where a flag's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The JVM's default: nobody set it.
    Default,
    /// Chosen by the JVM for this machine or from other flags.
    Ergonomic,
    /// Not default, and the text does not say more (VM.flags, the GC log of 8).
    NotDefault,
    /// An environment variable or file.
    Environment,
    /// The command line.
    CommandLine,
    /// Changed while running, by a tool or bean.
    Management,
}

/// The value of a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagValue {
    /// As written; `true` and `false` for switches.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The flags of a JVM, from whichever text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JvmFlags {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// By their `-XX` name. `-Xmx` is `MaxHeapSize`, `-Xms` `InitialHeapSize`, `-Xmn` `NewSize` and `MaxNewSize`; `-Xss` is
    /// `Xss`, because `ThreadStackSize` counts kilobytes.
    pub values: BTreeMap<String, FlagValue>,
    /// System properties set with `-D`.
    pub properties: BTreeMap<String, String>,
    /// What `--add-opens` opens: `java.base/java.nio=ALL-UNNAMED`.
    pub opens: Vec<String>,
}

/// A Netty system property, with what stands before `io.netty.` in its name. Shading relocates property names too: a copy
/// of Netty reads only the spelling of its own package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NettyProperty<'a> {
    /// `""`, `io.grpc.netty.shaded.`, or another relocation.
    pub prefix: &'a str,
    /// Its name behind `io.netty.`: `maxDirectMemory`.
    pub name: &'a str,
    /// Its value as written.
    pub value: &'a str,
}

/// The prefix of the Netty inside every Nacos 2.x and 3.x server (grpc-netty-shaded).
pub const SHADED_PREFIX: &str = "io.grpc.netty.shaded.";

impl JvmFlags {
    /// From options as given to a JVM.
    #[must_use]
    pub fn from_options<'a>(options: impl IntoIterator<Item = &'a str>, origin: Origin) -> Self {
        let mut flags = Self::default();
        for o in options {
            flags.option(o, origin);
        }
        flags
    }

    fn set(&mut self, name: &str, value: &str, origin: Origin) {
        if self.values.len() < MAX_ITEMS || self.values.contains_key(name) {
            let value = FlagValue {
                value: value.to_owned(),
                origin,
            };
            self.values.insert(name.to_owned(), value);
        }
    }

    fn option(&mut self, o: &str, origin: Origin) {
        if let Some(xx) = o.strip_prefix("-XX:") {
            if let Some(name) = xx.strip_prefix('+') {
                self.set(name, "true", origin);
            } else if let Some(name) = xx.strip_prefix('-') {
                self.set(name, "false", origin);
            } else if let Some((name, v)) = xx.split_once('=') {
                self.set(name.trim_end_matches(':'), v, origin);
            }
        } else if let Some(v) = o.strip_prefix("-Xmx") {
            self.set("MaxHeapSize", v, origin);
        } else if let Some(v) = o.strip_prefix("-Xms") {
            self.set("InitialHeapSize", v, origin);
        } else if let Some(v) = o.strip_prefix("-Xmn") {
            self.set("NewSize", v, origin);
            self.set("MaxNewSize", v, origin);
        } else if let Some(v) = o.strip_prefix("-Xss") {
            self.set("Xss", v, origin);
        } else if let Some(d) = o.strip_prefix("-D") {
            let (k, v) = d.split_once('=').unwrap_or((d, ""));
            if self.properties.len() < MAX_ITEMS && !k.is_empty() {
                self.properties.insert(k.to_owned(), v.to_owned());
            }
        } else if let Some(v) = o.strip_prefix("--add-opens") {
            let v = v.trim_start_matches(['=', ' ']);
            if self.opens.len() < MAX_ITEMS && !v.is_empty() {
                self.opens.push(v.to_owned());
            }
        }
    }

    /// Adds what a text of higher rank says. A default of it changes nothing that is set.
    pub fn absorb(&mut self, higher: Self) {
        self.pid = higher.pid.or(self.pid);
        for (name, v) in higher.values {
            let kept = self.values.get(&name);
            if v.origin != Origin::Default || kept.is_none() {
                self.values.insert(name, v);
            }
        }
        self.properties.extend(higher.properties);
        for o in higher.opens {
            if !self.opens.contains(&o) {
                self.opens.push(o);
            }
        }
    }

    /// The value of a flag that is not default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .filter(|v| v.origin != Origin::Default)
            .map(|v| v.value.as_str())
    }

    /// A flag as a size in bytes; `Err` holds a value that HotSpot refuses.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<Result<u64, &str>> {
        self.get(name).map(|v| jvm_size(v).ok_or(v))
    }

    fn plain_size(&self, name: &str) -> Option<u64> {
        self.size(name)?.ok()
    }

    /// A flag as a plain number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        decimal(self.get(name)?.as_bytes())
    }

    /// A switch.
    #[must_use]
    pub fn is_on(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// `-Xmx` in bytes.
    #[must_use]
    pub fn xmx(&self) -> Option<u64> {
        self.plain_size("MaxHeapSize")
    }

    /// `-Xms` in bytes.
    #[must_use]
    pub fn xms(&self) -> Option<u64> {
        self.plain_size("InitialHeapSize")
            .filter(|n| *n > 0)
            .or_else(|| self.plain_size("MinHeapSize"))
    }

    /// `-Xmn` in bytes: the size of the young generation when it is fixed, that is when `NewSize` is given. Under G1 the
    /// JVM itself lists a `MaxNewSize`, which fixes nothing.
    #[must_use]
    pub fn xmn(&self) -> Option<u64> {
        self.plain_size("NewSize").filter(|n| *n > 0)
    }

    /// `MaxNewSize` in bytes.
    #[must_use]
    pub fn max_new_size(&self) -> Option<u64> {
        self.plain_size("MaxNewSize").filter(|n| *n > 0)
    }

    /// `-XX:MaxDirectMemorySize` in bytes when somebody set it. Given as 0 it is a limit of 0. `Err` holds a form that
    /// HotSpot refuses (`64MB`, `1.5g`, `-1`); such a JVM does not start.
    #[must_use]
    pub fn max_direct_memory_size(&self) -> Option<Result<u64, &str>> {
        self.size("MaxDirectMemorySize")
    }

    /// The collector, when a flag names it.
    #[must_use]
    pub fn collector(&self) -> Option<Collector> {
        const BY_FLAG: [(&str, Collector); 8] = [
            ("UseG1GC", Collector::G1),
            ("UseZGC", Collector::Z),
            ("UseShenandoahGC", Collector::Shenandoah),
            ("UseConcMarkSweepGC", Collector::Cms),
            ("UseParallelGC", Collector::Parallel),
            ("UseParallelOldGC", Collector::Parallel),
            ("UseSerialGC", Collector::Serial),
            ("UseEpsilonGC", Collector::Epsilon),
        ];
        BY_FLAG
            .iter()
            .find(|(name, _)| {
                // Of the table's own defaults the collector's switch is a fact too.
                self.values.get(*name).is_some_and(|v| v.value == "true")
            })
            .map(|(_, c)| *c)
    }

    /// The level of Native Memory Tracking.
    #[must_use]
    pub fn native_memory_tracking(&self) -> Option<&str> {
        self.get("NativeMemoryTracking")
    }

    /// Whether `java.nio` is opened to code without a module, which Netty needs from JDK 16 to do without cleaners.
    #[must_use]
    pub fn opens_java_nio(&self) -> bool {
        self.opens.iter().any(|o| {
            o.split_once('=').is_some_and(|(package, to)| {
                package == "java.base/java.nio" && to.split(',').any(|t| t.trim() == "ALL-UNNAMED")
            })
        })
    }

    /// Every Netty property, under every prefix.
    pub fn netty_properties(&self) -> impl Iterator<Item = NettyProperty<'_>> {
        self.properties
            .iter()
            .filter_map(|(k, v)| netty_property(k, v))
    }

    /// A Netty property of the copy whose package begins with `prefix`.
    #[must_use]
    pub fn netty(&self, prefix: &str, name: &str) -> Option<&str> {
        self.properties
            .get(&format!("{prefix}io.netty.{name}"))
            .map(String::as_str)
    }

    /// A Netty property read as Netty reads a long; what is no number counts as not set.
    #[must_use]
    pub fn netty_long(&self, prefix: &str, name: &str) -> Option<i64> {
        self.netty(prefix, name)?.trim().parse().ok()
    }

    /// A Netty property read as Netty reads a boolean; an empty one is true.
    #[must_use]
    pub fn netty_bool(&self, prefix: &str, name: &str) -> Option<bool> {
        match self
            .netty(prefix, name)?
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "" | "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        }
    }
}

/// A property of some copy of Netty.
#[must_use]
pub fn netty_property<'a>(key: &'a str, value: &'a str) -> Option<NettyProperty<'a>> {
    let at = key.find("io.netty.")?;
    let (prefix, rest) = key.split_at_checked(at)?;
    if !(prefix.is_empty() || prefix.ends_with('.')) {
        return None;
    }
    Some(NettyProperty {
        prefix,
        name: rest.strip_prefix("io.netty.")?,
        value,
    })
}

/// A size as HotSpot reads it: decimal or `0x`, then at most one of `k m g t` in either case. `None` for what it refuses.
#[must_use]
pub fn jvm_size(t: &str) -> Option<u64> {
    fn whole(i: &[u8]) -> IResult<&[u8], (Option<u64>, u32)> {
        let hex = preceded(
            alt((tag("0x"), tag("0X"))),
            map(
                take_while1(|c: u8| c.is_ascii_hexdigit()),
                super::lines::hexadecimal,
            ),
        );
        let dec = map(take_while1(|c: u8| c.is_ascii_digit()), decimal);
        let unit = alt((
            value(10, one_of("kK")),
            value(20, one_of("mM")),
            value(30, one_of("gG")),
            value(40, one_of("tT")),
        ));
        let (i, n) = alt((hex, dec)).parse(i)?;
        let (i, shift) = opt(unit).parse(i)?;
        Ok((i, (n, shift.unwrap_or(0))))
    }
    match whole(t.as_bytes()) {
        Ok(([], (n, shift))) => n?.checked_mul(1 << shift),
        _ => None,
    }
}

/// Whether values under this key must not be shown.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    secret_at(key).is_some()
}

/// Where in a word the first telling part of a secret's name stands.
fn secret_at(t: &str) -> Option<usize> {
    const TELLING: [&str; 9] = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "key",
        "credential",
        "identity",
        "passphrase",
    ];
    let lower = t.to_ascii_lowercase();
    TELLING.iter().filter_map(|w| lower.find(w)).min()
}

/// A word of a command line with the value of a secret taken out: what follows the `=` behind the telling name.
pub(crate) fn without_secret(word: &str) -> String {
    if let Some(at) = secret_at(word)
        && let Some(eq) = word.get(at..).and_then(|t| t.find('='))
        && let Some(kept) = word.get(..at + eq + 1)
        && kept.len() < word.len()
    {
        return format!("{kept}{REDACTED}");
    }
    word.to_owned()
}

/// The words of a command line. Quotes hold a word together and are dropped; one that is never closed is a character.
fn shell_words(line: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Vec<u8> = Vec::new();
    let mut any = false;
    let mut at = 0usize;
    // Where each kind of quote stands last: behind that, one cannot close.
    let last = |q: u8| memchr::memrchr(q, line).unwrap_or(0);
    let (last_double, last_single) = (last(b'"'), last(b'\''));
    while let Some(&c) = line.get(at) {
        at += 1;
        match c {
            b'"' | b'\'' if at <= if c == b'"' { last_double } else { last_single } => {
                let rest = line.get(at..).unwrap_or_default();
                let len = memchr::memchr(c, rest).unwrap_or(rest.len());
                word.extend_from_slice(rest.get(..len).unwrap_or_default());
                at += len + 1;
                any = true;
            }
            c if c.is_ascii_whitespace() || c == 0 => {
                if any && out.len() < MAX_ITEMS {
                    out.push(text(&word, MAX_VALUE));
                }
                word.clear();
                any = false;
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if any && out.len() < MAX_ITEMS {
        out.push(text(&word, MAX_VALUE));
    }
    out
}

fn is_java(word: &str) -> bool {
    if word.contains('=') {
        return false;
    }
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    matches!(name, "java" | "java.exe" | "javaw" | "javaw.exe")
}

/// Options of the launcher whose value is the next word.
fn takes_value(o: &str) -> bool {
    matches!(
        o,
        "-cp"
            | "-classpath"
            | "--class-path"
            | "-p"
            | "--module-path"
            | "--upgrade-module-path"
            | "--add-modules"
            | "--limit-modules"
            | "--add-opens"
            | "--add-exports"
            | "--add-reads"
            | "--patch-module"
            | "--describe-module"
            | "-d"
            | "--enable-native-access"
            | "--source"
    )
}

/// Whether an argument of the program looks like an option meant for the JVM.
fn is_jvm_option(a: &str) -> bool {
    const BEGIN: [&str; 14] = [
        "-XX:",
        "-Xm",
        "-Xss",
        "-Xlog",
        "-Xrun",
        "-Xdebug",
        "-D",
        "-javaagent:",
        "-agentlib:",
        "-agentpath:",
        "-verbose:",
        "--add-opens",
        "--add-exports",
        "-Xshare",
    ];
    a == "-server" || BEGIN.iter().any(|b| a.starts_with(b))
}

/// Whether a line is the command line of a JVM: an executable called java, then an option.
#[must_use]
pub fn looks_like_command_line(line: &[u8]) -> bool {
    let line = line.get(..4096).unwrap_or(line);
    let mut java = false;
    for (n, w) in words(line).enumerate() {
        if java {
            return w.starts_with(b"-") && w.len() > 1;
        }
        if n > 8 {
            return false;
        }
        java = is_java(text(w, MAX_VALUE).trim_matches(['"', '\'']));
    }
    false
}

/// Takes a command line apart, as startup.sh prints it, `ps` shows it or `set -x` traces it.
#[must_use]
pub fn read_command_line(line: &[u8]) -> CommandLine {
    let words = shell_words(line);
    let mut out = CommandLine::default();
    // Options alone, as jvm_args lists them, begin with one.
    let bare = words.first().is_some_and(|w| w.starts_with('-'));
    let start = words
        .iter()
        .take(if bare { 0 } else { 10 })
        .position(|w| is_java(w));
    let rest = match start {
        Some(n) => {
            out.java = words.get(n).cloned();
            words.get(n + 1..).unwrap_or_default()
        }
        None => words.as_slice(),
    };
    let mut rest = rest.iter();
    while let Some(w) = rest.next() {
        match w.as_str() {
            "-jar" => {
                out.main = rest.next().map(|j| Main::Jar(j.clone()));
                break;
            }
            "-m" | "--module" => {
                out.main = rest.next().map(|m| Main::Module(m.clone()));
                break;
            }
            o if takes_value(o) => {
                let v = rest.next().map_or("", String::as_str);
                out.options.push(format!("{o} {v}"));
            }
            o if o.starts_with('-') || o.starts_with('@') => out.options.push(without_secret(o)),
            class => {
                out.main = Some(Main::Class(class.to_owned()));
                break;
            }
        }
    }
    out.set_arguments(rest.map(String::as_str));
    out
}

impl CommandLine {
    /// The flags in force: those before the jar or class.
    #[must_use]
    pub fn flags(&self) -> JvmFlags {
        let options = self.options.iter().map(String::as_str);
        JvmFlags {
            pid: self.pid,
            ..JvmFlags::from_options(options, Origin::CommandLine)
        }
    }

    fn set_arguments<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        let mut secret_next = false;
        for w in words {
            let shown = if secret_next && !w.starts_with('-') {
                REDACTED.to_owned()
            } else {
                without_secret(w)
            };
            secret_next = w.starts_with('-') && !w.contains('=') && is_secret(w);
            if is_jvm_option(w) {
                self.inert.push(shown.clone());
            }
            self.arguments.push(shown);
        }
    }
}

/// Reads the answer to `VM.command_line`, or the same lines of an hs_err file.
#[must_use]
pub fn read_vm_command_line(text: &[u8]) -> CommandLine {
    let mut out = CommandLine::default();
    for line in lines(text) {
        let t = trim(line.text);
        if out.pid.is_none()
            && let Some(pid) = pid_line(t)
        {
            out.pid = Some(pid);
        } else if let Some(args) = t.strip_prefix(b"jvm_args:") {
            let args = read_command_line(args);
            out.options = args.options;
        } else if let Some(command) = t.strip_prefix(b"java_command:") {
            let words = shell_words(command);
            let mut words = words.iter().map(String::as_str);
            out.main = words.next().filter(|w| *w != "<unknown>").map(|w| {
                if w.ends_with(".jar") || w.ends_with(".war") {
                    Main::Jar(w.to_owned())
                } else {
                    Main::Class(w.to_owned())
                }
            });
            out.set_arguments(words);
        }
    }
    out
}

/// An environment variable the JVM takes options from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionVariable {
    /// `JAVA_TOOL_OPTIONS`: the command line overrides it.
    JavaToolOptions,
    /// `_JAVA_OPTIONS`: overrides the command line.
    UnderscoreJavaOptions,
    /// `JDK_JAVA_OPTIONS`: put before the command line by the launcher of 9 and later.
    JdkJavaOptions,
}

/// Reads `Picked up JAVA_TOOL_OPTIONS: -Xmx512m` and its kin.
#[must_use]
pub fn read_picked_up(line: &[u8]) -> Option<(OptionVariable, JvmFlags)> {
    let rest = after(line, b"Picked up ")?;
    let (name, options) = cut(rest, b":")?;
    let variable = match trim(name) {
        b"JAVA_TOOL_OPTIONS" => OptionVariable::JavaToolOptions,
        b"_JAVA_OPTIONS" => OptionVariable::UnderscoreJavaOptions,
        b"JDK_JAVA_OPTIONS" => OptionVariable::JdkJavaOptions,
        _ => return None,
    };
    let options = read_command_line(options).options;
    let options = options.iter().map(String::as_str);
    Some((
        variable,
        JvmFlags::from_options(options, Origin::Environment),
    ))
}

/// Reads a line of flags: VM.flags, `jinfo -flags`, or `CommandLine flags:` of a GC log of 8.
#[must_use]
pub fn read_vm_flags(text: &[u8]) -> JvmFlags {
    let mut out = JvmFlags::default();
    for line in lines(text) {
        let t = trim(line.text);
        if let Some(pid) = pid_line(t) {
            out.pid = out.pid.or(Some(pid));
        } else if find(t, b"-XX:").is_some() {
            for w in shell_words(t) {
                if w.starts_with("-XX:") {
                    out.option(&without_secret(&w), Origin::NotDefault);
                }
            }
        }
    }
    out
}

/// One line of the table: name, whether it is marked as changed (8), value and what stands in braces.
type TableLine<'a> = (&'a [u8], bool, &'a [u8]);

fn table_line(i: &[u8]) -> IResult<&[u8], TableLine<'_>> {
    let (i, _) = space0(i)?;
    let (i, _) = take_while1(|c: u8| c.is_ascii_alphanumeric() || c == b'_').parse(i)?;
    let (i, _) = space1(i)?;
    let (i, name) = take_while1(|c: u8| c.is_ascii_alphanumeric() || c == b'_').parse(i)?;
    let (i, _) = space0(i)?;
    let (i, changed) = alt((value(true, tag(":=")), value(false, tag("=")))).parse(i)?;
    let (i, tail) = preceded(opt(char(' ')), rest).parse(i)?;
    Ok((i, (name, changed, tail)))
}

/// The words in braces at the end of a table line.
fn braces(i: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded((space0, char('{')), take_till(|c| c == b'}')).parse(i)
}

/// Reads the table of `VM.flags -all`, `-XX:+PrintFlagsFinal`, or `[Global flags]` of an hs_err file.
///
/// A flag that stands at its default is kept with [`Origin::Default`]: a `MaxDirectMemorySize` of 0 there is no limit of 0.
#[must_use]
pub fn read_flag_table(text_: &[u8]) -> JvmFlags {
    let mut out = JvmFlags::default();
    for line in lines(text_) {
        let t = trim(line.text);
        if let Some(pid) = pid_line(t) {
            out.pid = out.pid.or(Some(pid));
            continue;
        }
        let Ok((_, (name, changed, tail))) = table_line(line.text) else {
            continue;
        };
        // The value may hold anything; kind and origin are the braces at the end.
        let Some(first) = find(tail, b" {").or_else(|| tail.starts_with(b"{").then_some(0)) else {
            continue;
        };
        let (v, marks) = tail.split_at_checked(first).unwrap_or((tail, &[]));
        let origin = braces(marks)
            .ok()
            .and_then(|(rest, _)| braces(rest.strip_prefix(b"}")?).ok())
            .map(|(_, origin)| origin);
        let origin = match origin {
            None if changed => Origin::NotDefault,
            None | Some(b"default") => Origin::Default,
            Some(b"command line" | b"command line, ergonomic") => Origin::CommandLine,
            Some(b"ergonomic") => Origin::Ergonomic,
            Some(b"management" | b"attach") => Origin::Management,
            Some(b"environment" | b"config file" | b"jimage") => Origin::Environment,
            Some(_) => Origin::NotDefault,
        };
        let name = text(name, 200);
        let v = without_secret(&format!("{name}={}", text(trim(v), MAX_VALUE)));
        let v = v.split_once('=').map_or("", |(_, v)| v);
        out.set(&name, v, origin);
    }
    out
}

/// What `VM.version` or `java -version` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmVersion {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// The name of the VM: `OpenJDK 64-Bit Server VM`.
    pub vm_name: Option<String>,
    /// The version of the VM. That of JDK 8 begins with 25: see [`vm_major`].
    pub vm_version: Option<String>,
    /// The version of the JDK: `17.0.15`, `8.0_504`, `1.8.0_504`.
    pub jdk_version: Option<String>,
}

impl VmVersion {
    /// The major version of the JDK.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        self.jdk_version
            .as_deref()
            .and_then(java_major)
            .or_else(|| vm_major(self.vm_version.as_deref()?))
    }
}

/// The major version of a JDK's version: 8 for `1.8.0_504` and `8.0_504`, 17 for `17.0.15+6`.
#[must_use]
pub fn java_major(version: &str) -> Option<u32> {
    let v = version.strip_prefix("1.").unwrap_or(version);
    let end = v.find(|c: char| !c.is_ascii_digit()).unwrap_or(v.len());
    let n: u32 = v.get(..end)?.parse().ok()?;
    (5..200).contains(&n).then_some(n)
}

/// The major version of the JDK from the version of its HotSpot: 8 for `25.504-b01`, 17 for `17.0.15+6-Debian`, 25 for
/// `25.0.3+9`. Up to JDK 8 the VM counted for itself.
#[must_use]
pub fn vm_major(version: &str) -> Option<u32> {
    if version.contains("-b") && !version.contains('+') {
        return match java_major(version)? {
            25 => Some(8),
            20..=24 => Some(7),
            _ => None,
        };
    }
    java_major(version)
}

/// Reads `VM.version` and `java -version`.
#[must_use]
pub fn read_vm_version(text_: &[u8]) -> VmVersion {
    let mut out = VmVersion::default();
    for line in lines(text_) {
        let t = trim(line.text);
        if let Some(pid) = pid_line(t) {
            out.pid = out.pid.or(Some(pid));
        } else if let Some((name, version)) = cut(t, b" VM version ") {
            out.vm_name = Some(text(name, 200) + " VM");
            out.vm_version = words(version).next().map(|w| text(w, 200));
        } else if let Some(v) = t.strip_prefix(b"JDK ") {
            out.jdk_version = words(v).next().map(|w| text(w, 200));
        } else if let Some((_, v)) = cut(t, b" version \"") {
            out.jdk_version = cut(v, b"\"").map(|(v, _)| text(v, 200));
        } else if let Some((name, build)) = cut(t, b" VM (build ") {
            out.vm_name = Some(text(name, 200) + " VM");
            out.vm_version = build
                .split(|c| matches!(c, b',' | b')'))
                .next()
                .map(|w| text(w, 200));
        }
    }
    out
}

/// Reads `VM.uptime`: seconds since the JVM started.
#[must_use]
pub fn read_vm_uptime(text: &[u8]) -> Option<(Option<u32>, f64)> {
    let mut pid = None;
    for line in lines(text).take(20) {
        let t = trim(line.text);
        if let Some(p) = pid_line(t) {
            pid = Some(p);
        } else if let Some(s) = t.strip_suffix(b" s") {
            return super::lines::float(s)
                .map(|s| (pid, s))
                .filter(|(_, s)| s.is_finite() && *s >= 0.0);
        }
    }
    None
}

/// What `VM.system_properties` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemProperties {
    /// The process: as jcmd printed it, else the property `PID` that Spring Boot sets.
    pub pid: Option<u32>,
    /// When it was written, on the JVM's clock.
    pub written: Option<Heading>,
    /// The properties, secrets taken out.
    pub values: BTreeMap<String, String>,
}

impl SystemProperties {
    /// `java.version`: `1.8.0_504`, `17.0.15`.
    #[must_use]
    pub fn java_version(&self) -> Option<&str> {
        self.get("java.version")
    }

    /// The major version of the JDK.
    #[must_use]
    pub fn java_major(&self) -> Option<u32> {
        java_major(self.get("java.version")?)
    }

    /// `user.timezone`: `Asia/Shanghai`.
    #[must_use]
    pub fn user_timezone(&self) -> Option<&str> {
        self.get("user.timezone").filter(|z| !z.is_empty())
    }

    /// A property.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// Reads the text of `java.util.Properties`.
#[must_use]
pub fn read_system_properties(text_: &[u8]) -> SystemProperties {
    let mut out = SystemProperties::default();
    for line in lines(text_) {
        let t = trim(line.text);
        if let Some(pid) = pid_line(t) {
            out.pid = out.pid.or(Some(pid));
            continue;
        }
        if let Some(comment) = t.strip_prefix(b"#") {
            if out.written.is_none() {
                out.written = heading::read(comment, line.start);
            }
            continue;
        }
        let Some((key, v)) = split_property(t) else {
            continue;
        };
        if out.values.len() >= MAX_ITEMS {
            break;
        }
        let v = if is_secret(&key) && !v.is_empty() {
            REDACTED.to_owned()
        } else if key == "sun.java.command" {
            // The command line once more: its words may hold secrets.
            let shown: Vec<_> = v.split(' ').map(without_secret).collect();
            shown.join(" ")
        } else {
            v
        };
        out.values.insert(key, v);
    }
    if out.pid.is_none() {
        out.pid = out.get("PID").and_then(|p| p.parse().ok());
    }
    out
}

/// `key=value`, both with backslash escapes.
fn split_property(t: &[u8]) -> Option<(String, String)> {
    let t = t.get(..MAX_VALUE * 2).unwrap_or(t);
    let mut key: Vec<u8> = Vec::new();
    let mut v: Vec<u8> = Vec::new();
    let mut in_value = false;
    let mut at = 0usize;
    while let Some(&c) = t.get(at) {
        at += 1;
        let to = if in_value { &mut v } else { &mut key };
        match c {
            b'\\' => {
                let next = t.get(at).copied().unwrap_or(b'\\');
                at += 1;
                match next {
                    b'n' => to.push(b'\n'),
                    b't' => to.push(b'\t'),
                    b'r' => to.push(b'\r'),
                    b'f' => to.push(0x0c),
                    b'u' => {
                        let code = t
                            .get(at..at + 4)
                            .and_then(super::lines::hexadecimal)
                            .and_then(|n| char::from_u32(u32::try_from(n).ok()?));
                        if let Some(c) = code {
                            to.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                            at += 4;
                        }
                    }
                    other => to.push(other),
                }
            }
            b'=' | b':' if !in_value => in_value = true,
            c => to.push(c),
        }
    }
    if !in_value || key.is_empty() || key.contains(&b' ') {
        return None;
    }
    Some((text(&key, 500), text(&v, MAX_VALUE)))
}

/// A text about a JVM's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JvmText {
    /// `VM.command_line`: [`read_vm_command_line`].
    VmCommandLine,
    /// `VM.flags`: [`read_vm_flags`].
    VmFlags,
    /// `VM.flags -all`: [`read_flag_table`].
    FlagTable,
    /// `VM.version`, `java -version`: [`read_vm_version`].
    VmVersion,
    /// `VM.system_properties`: [`read_system_properties`].
    SystemProperties,
    /// `VM.uptime`: [`read_vm_uptime`].
    VmUptime,
}

/// A character of a system property's usual name.
fn is_key(c: &u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-')
}

/// Which of these texts begins with `head`.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<JvmText> {
    let mut properties = 0u32;
    let mut table = 0u32;
    let mut first = true;
    for line in lines(head).take(60) {
        let t = trim(line.text);
        if t.is_empty() || pid_line(t).is_some() {
            continue;
        }
        if t.starts_with(b"VM Arguments:") || t.starts_with(b"jvm_args:") {
            return Some(JvmText::VmCommandLine);
        }
        if first
            && (t.starts_with(b"-XX:")
                || t.starts_with(b"VM Flags:")
                || t.starts_with(b"Non-default VM flags:"))
        {
            return Some(JvmText::VmFlags);
        }
        if first
            && (find(t, b" VM version ").is_some()
                || t.starts_with(b"openjdk version \"")
                || t.starts_with(b"java version \""))
        {
            return Some(JvmText::VmVersion);
        }
        if first
            && let Some(s) = t.strip_suffix(b" s")
            && super::lines::float(s).is_some()
        {
            return Some(JvmText::VmUptime);
        }
        first = false;
        if t.starts_with(b"[Global flags]")
            || matches!(table_line(line.text), Ok((_, (_, _, tail))) if tail.ends_with(b"}"))
        {
            table += 1;
            if table >= 2 {
                return Some(JvmText::FlagTable);
            }
        }
        if [
            &b"java."[..],
            b"sun.",
            b"user.",
            b"os.",
            b"file.",
            b"path.",
            b"jdk.",
        ]
        .iter()
        .any(|p| t.starts_with(p))
            && cut(t, b"=").is_some_and(|(key, _)| key.iter().all(is_key))
        {
            properties += 1;
            if properties >= 3 {
                return Some(JvmText::SystemProperties);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/jvm/{name}")).unwrap()
    }

    #[test]
    fn the_command_line_that_startup_sh_prints_is_taken_apart() {
        let c = read_command_line(&fixture("start-line-jdk17.txt"));
        assert_eq!(
            c.java.as_deref(),
            Some("/usr/lib/jvm/java-17-openjdk-amd64/bin/java")
        );
        assert_eq!(
            c.main,
            Some(Main::Jar("/home/nacos/target/nacos-server.jar".into()))
        );
        assert_eq!(c.arguments.len(), 3);
        assert_eq!(c.options[1], "-Duser.timezone=Asia/Shanghai");
        assert_eq!(c.options[3], "--add-opens java.base/java.lang=ALL-UNNAMED");
        assert_eq!(c.inert, Vec::<String>::new());
        let f = c.flags();
        assert_eq!(
            (f.xmx(), f.xms(), f.xmn()),
            (Some(512 << 20), Some(512 << 20), Some(256 << 20))
        );
        assert_eq!(f.collector(), Some(Collector::Parallel));
        assert_eq!(f.max_direct_memory_size(), None);
        assert_eq!(f.native_memory_tracking(), Some("summary"));
        assert!(f.opens_java_nio());
        assert_eq!(
            f.netty_bool(SHADED_PREFIX, "tryReflectionSetAccessible"),
            Some(true)
        );
        assert_eq!(f.netty_bool("", "tryReflectionSetAccessible"), Some(true));
        assert_eq!(f.netty_long(SHADED_PREFIX, "maxDirectMemory"), None);
    }

    #[test]
    fn options_behind_the_jar_are_inert() {
        let c = read_command_line(
            b"exec java -Xmx1g '-XX:OnOutOfMemoryError=kill -9 %p' -jar \"/opt/my app/nacos-server.jar\" \
              -XX:MaxDirectMemorySize=2g --spring.x=1 -Dio.netty.maxDirectMemory=0 nacos.nacos",
        );
        assert_eq!(c.java.as_deref(), Some("java"));
        assert_eq!(
            c.main,
            Some(Main::Jar("/opt/my app/nacos-server.jar".into()))
        );
        assert_eq!(c.options, ["-Xmx1g", "-XX:OnOutOfMemoryError=kill -9 %p"]);
        assert_eq!(
            c.inert,
            ["-XX:MaxDirectMemorySize=2g", "-Dio.netty.maxDirectMemory=0"]
        );
        assert_eq!(c.flags().max_direct_memory_size(), None);
    }

    #[test]
    fn a_class_a_module_and_an_open_quote_are_read() {
        let c = read_command_line(b"/x/bin/java -cp a:b com.example.Main -Xmx1g it's");
        assert_eq!(c.options, ["-cp a:b"]);
        assert_eq!(c.main, Some(Main::Class("com.example.Main".into())));
        assert_eq!(c.arguments, ["-Xmx1g", "it's"]);
        assert_eq!(c.inert, ["-Xmx1g"]);
        let c = read_command_line(b"-Djava.home=/opt/java -cp /opt/java Main x");
        assert_eq!((c.java, c.options.len()), (None, 2));
        assert_eq!(c.main, Some(Main::Class("Main".into())));
        let c = read_command_line(b"java --add-opens=java.base/java.nio=ALL-UNNAMED,x -m a/b");
        assert_eq!(c.main, Some(Main::Module("a/b".into())));
        assert!(c.flags().opens_java_nio());
    }

    #[test]
    fn a_command_line_is_told_from_other_lines() {
        assert!(looks_like_command_line(&fixture("start-line-jdk17.txt")));
        assert!(looks_like_command_line(
            b"+ exec /usr/bin/java -Xms1g -jar x.jar"
        ));
        for line in [
            &b"nacos is starting with standalone"[..],
            b"java.lang.OutOfMemoryError: Direct buffer memory",
            b"the java process -x",
            b"",
        ] {
            assert!(!looks_like_command_line(line), "{}", text(line, 80));
        }
    }

    #[test]
    fn the_answers_of_jdk_8_are_read() {
        let c = read_vm_command_line(&fixture("vm-command-line-jdk8.txt"));
        assert_eq!(c.pid, Some(13488));
        assert_eq!(
            c.main,
            Some(Main::Jar("/home/nacos/target/nacos-server.jar".into()))
        );
        assert_eq!(c.arguments.last().map(String::as_str), Some("nacos.nacos"));
        assert_eq!(c.flags().xmn(), Some(256 << 20));
        assert_eq!(c.flags().collector(), None);

        let f = read_vm_flags(&fixture("vm-flags-jdk8.txt"));
        assert_eq!(f.pid, Some(13488));
        assert_eq!(f.values.len(), 18);
        assert_eq!(
            (f.xmx(), f.xms(), f.xmn()),
            (Some(536_870_912), Some(536_870_912), Some(268_435_456))
        );
        assert_eq!(f.collector(), Some(Collector::Parallel));
        assert_eq!(f.is_on("UseCompressedOops"), Some(true));
        assert_eq!(f.number("NumberOfGCLogFiles"), Some(10));

        let v = read_vm_version(&fixture("vm-version-jdk8.txt"));
        assert_eq!(v.vm_name.as_deref(), Some("OpenJDK 64-Bit Server VM"));
        assert_eq!(v.vm_version.as_deref(), Some("25.504-b01"));
        assert_eq!(v.jdk_version.as_deref(), Some("8.0_504"));
        assert_eq!(v.major(), Some(8));

        let p = read_system_properties(&fixture("vm-system-properties-jdk8.txt"));
        assert_eq!(
            (p.pid, p.java_version(), p.java_major()),
            (Some(13488), Some("1.8.0_504"), Some(8))
        );
        assert_eq!(p.user_timezone(), Some("Asia/Shanghai"));
        assert_eq!(p.written.unwrap().time.local(), "2026-11-23 00:55:17");
        assert_eq!(p.values["java.vendor.url"], "http://java.oracle.com/");
        assert_eq!(p.values["line.separator"], "\n");
        assert_eq!(
            read_vm_uptime(b"13488:\n387.910 s\n"),
            Some((Some(13488), 387.91))
        );
    }

    #[test]
    fn an_unset_limit_in_the_table_is_no_limit_of_zero() {
        let f = read_flag_table(&fixture("vm-flags-all-jdk17.txt"));
        assert_eq!(f.pid, Some(15132));
        assert_eq!(
            f.values["MaxDirectMemorySize"],
            FlagValue {
                value: "0".into(),
                origin: Origin::Default
            }
        );
        assert_eq!(f.max_direct_memory_size(), None);
        assert_eq!(f.values["MaxHeapSize"].origin, Origin::CommandLine);
        assert_eq!(f.values["UseG1GC"].origin, Origin::Ergonomic);
        assert_eq!(f.xmx(), Some(536_870_912));
        assert_eq!(f.collector(), Some(Collector::G1));
        assert_eq!(f.values["NativeMemoryTracking"].value, "detail");
        assert_eq!(f.values["AbortVMOnException"].value, "");

        let f =
            read_flag_table(b"   uint64_t MaxDirectMemorySize = 0   {product} {command line}\n");
        assert_eq!(f.max_direct_memory_size(), Some(Ok(0)));
        let f = read_flag_table(b"    uintx MaxHeapSize  := 536870912  {product}\n    uintx MaxDirectMemorySize = 0 {product}\n");
        assert_eq!(
            (f.xmx(), f.max_direct_memory_size()),
            (Some(536_870_912), None)
        );
    }

    #[test]
    fn sizes_are_accepted_and_refused_as_hotspot_does() {
        for line in String::from_utf8(fixture("maxdirect-units-jdk17.txt"))
            .unwrap()
            .lines()
        {
            let (flags, answer) = line.trim_start_matches('[').split_once("] ").unwrap();
            let value = flags.split("MaxDirectMemorySize=").nth(1).unwrap();
            let expected = answer
                .strip_prefix("maxDirectMemory=")
                .map(|n| n.split(' ').next().unwrap().parse::<u64>().unwrap());
            assert_eq!(jvm_size(value), expected, "{line}");
        }
        assert_eq!(jvm_size("99999999999999999999"), None);
        assert_eq!(jvm_size("18014398509481984k"), None);
        let f = JvmFlags::from_options(["-XX:MaxDirectMemorySize=64MB"], Origin::CommandLine);
        assert_eq!(f.max_direct_memory_size(), Some(Err("64MB")));
    }

    #[test]
    fn netty_properties_are_told_apart_by_prefix() {
        let f = JvmFlags::from_options(
            [
                "-Dio.netty.maxDirectMemory=1073741824",
                "-Dio.grpc.netty.shaded.io.netty.maxDirectMemory=0",
                "-Dcom.example.io.netty.noPreferDirect=",
                "-Dstudio.netty.x=1",
            ],
            Origin::CommandLine,
        );
        assert_eq!(f.netty_long("", "maxDirectMemory"), Some(1 << 30));
        assert_eq!(f.netty_long(SHADED_PREFIX, "maxDirectMemory"), Some(0));
        assert_eq!(f.netty_bool("com.example.", "noPreferDirect"), Some(true));
        let all: Vec<_> = f.netty_properties().map(|p| (p.prefix, p.name)).collect();
        assert_eq!(
            all,
            [
                ("com.example.", "noPreferDirect"),
                (SHADED_PREFIX, "maxDirectMemory"),
                ("", "maxDirectMemory")
            ]
        );
    }

    #[test]
    fn environment_options_are_read_with_their_variable() {
        let (v, f) =
            read_picked_up(b"Picked up JAVA_TOOL_OPTIONS: -Xmx2g -XX:MaxDirectMemorySize=1g")
                .unwrap();
        assert_eq!(v, OptionVariable::JavaToolOptions);
        assert_eq!(
            (f.xmx(), f.max_direct_memory_size()),
            (Some(2 << 30), Some(Ok(1 << 30)))
        );
        let (v, _) = read_picked_up(b"NOTE: Picked up JDK_JAVA_OPTIONS: -Xmx1g").unwrap();
        assert_eq!(v, OptionVariable::JdkJavaOptions);
        assert_eq!(read_picked_up(b"Picked up the phone: -Xmx1g"), None);
    }

    #[test]
    fn the_version_of_the_vm_is_not_that_of_the_jdk() {
        assert_eq!(vm_major("25.504-b01"), Some(8));
        assert_eq!(vm_major("24.80-b11"), Some(7));
        assert_eq!(vm_major("25.0.3+9-LTS"), Some(25));
        assert_eq!(vm_major("17.0.15+6-Debian-1deb12u1"), Some(17));
        assert_eq!(java_major("1.8.0_504"), Some(8));
        let v = read_vm_version(b"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)\nOpenJDK 64-Bit Server VM (build 17.0.15+6, mixed mode)\n");
        assert_eq!(
            (v.major(), v.vm_version.as_deref()),
            (Some(17), Some("17.0.15+6"))
        );
    }

    #[test]
    fn secrets_are_never_kept() {
        const WORD: &str = "hunter2";
        let line = format!(
            "java -Dnacos.core.auth.plugin.nacos.token.secret.key={WORD} -Ddb.url.0=jdbc:mysql://h/d?user=u&password={WORD} \
             -Dnacos.core.auth.server.identity.value={WORD} -jar x.jar --db.password.0={WORD} --db-password {WORD} -DaccessToken={WORD}"
        );
        let c = read_command_line(line.as_bytes());
        assert!(!format!("{c:?} {:?}", c.flags()).contains(WORD));
        assert_eq!(
            c.flags().properties["nacos.core.auth.plugin.nacos.token.secret.key"],
            REDACTED
        );
        assert_eq!(c.inert, [format!("-DaccessToken={REDACTED}")]);
        let p = read_system_properties(
            format!("java.version=17\nspring.datasource.password={WORD}\nsun.java.command=x.jar --token\\={WORD}\n").as_bytes(),
        );
        assert!(!format!("{p:?}").contains(WORD));
        assert_eq!(p.java_major(), Some(17));
        let v = read_vm_command_line(
            format!("jvm_args: -DmyKey={WORD}\njava_command: x.jar --secret={WORD}\n").as_bytes(),
        );
        assert!(!format!("{v:?}").contains(WORD));
    }

    #[test]
    fn texts_are_told_by_their_content() {
        for (name, kind) in [
            ("vm-command-line-jdk8.txt", Some(JvmText::VmCommandLine)),
            ("vm-flags-jdk8.txt", Some(JvmText::VmFlags)),
            ("vm-flags-all-jdk17.txt", Some(JvmText::FlagTable)),
            ("vm-version-jdk8.txt", Some(JvmText::VmVersion)),
            (
                "vm-system-properties-jdk8.txt",
                Some(JvmText::SystemProperties),
            ),
            ("start-line-jdk17.txt", None),
        ] {
            assert_eq!(sniff(&fixture(name)), kind, "{name}");
        }
        assert_eq!(sniff(b"13488:\n387.910 s\n"), Some(JvmText::VmUptime));
        let trace =
            "java.lang.IllegalStateException: id=1\njava.util.concurrent.TimeoutException: a=b\n"
                .repeat(3);
        assert_eq!(sniff(trace.as_bytes()), None);
    }

    #[test]
    fn collectors_are_known_by_their_printed_names() {
        for (name, c) in [
            ("G1", Some(Collector::G1)),
            ("Parallel", Some(Collector::Parallel)),
            ("Serial", Some(Collector::Serial)),
            ("Concurrent Mark Sweep", Some(Collector::Cms)),
            ("The Z Garbage Collector", Some(Collector::Z)),
            ("Shenandoah", Some(Collector::Shenandoah)),
            (
                "compressed class ptrs, g1 gc, linux-amd64",
                Some(Collector::G1),
            ),
            ("periodic", None),
        ] {
            assert_eq!(Collector::read(name.as_bytes()), c, "{name}");
        }
    }

    #[test]
    fn damaged_texts_end_without_panic() {
        for name in [
            "vm-command-line-jdk8.txt",
            "vm-flags-jdk8.txt",
            "vm-flags-all-jdk17.txt",
            "vm-version-jdk8.txt",
            "vm-system-properties-jdk8.txt",
            "start-line-jdk17.txt",
        ] {
            torment(&fixture(name), |b| {
                let _ = (
                    read_command_line(b).flags().collector(),
                    read_vm_command_line(b),
                    read_vm_flags(b).max_direct_memory_size().is_some(),
                    read_flag_table(b),
                    read_vm_version(b).major(),
                    read_system_properties(b),
                    read_vm_uptime(b),
                    read_picked_up(b),
                    sniff(b),
                    looks_like_command_line(b),
                );
            });
        }
    }
}
