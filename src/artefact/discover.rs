//! Which files there are below the given paths, what each is, and to which node it belongs.
//!
//! A directory that holds logs of Nacos (by their names) is a *log directory*; the node is the largest directory around it
//! that holds no other one. So `node-1/logs` and `node-1/nmt` are one node, `node-2/logs` another. A path without any log
//! directory belongs to the only node there is, or is a node of its own.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::{Artefact, Inputs, Node, Origin, Packing, Skipped, archive, read, sources};
use crate::format::{Format, sniff};
use crate::parse::pasted::{is_pasted, mend};
use crate::parse::record::{Undated, find_head};
use crate::parse::statement::Series;
use crate::parse::wrapping::{Wrapping, is_dirty, unwrap};
use crate::span::ArtefactId;
use crate::units::WallTime;

/// Bytes looked at to recognise a file.
pub(super) const HEAD: u64 = 1 << 16;

/// Largest file that is mended as a pasted text; what is longer was not pasted by hand.
const PASTED_MAX: u64 = 8 << 20;

/// Most of standard input that is taken.
const STDIN_MAX: u64 = 1 << 31;

/// One path as given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The path, or `-`.
    pub path: PathBuf,
    /// Name given with `--node NAME=PATH`.
    pub node: Option<String>,
}

struct Found {
    argument: usize,
    /// Parts of the path below the argument; the file's name last.
    parts: Vec<String>,
    origin: Origin,
    size: u64,
    modified_ms: Option<i64>,
    /// What its first bytes say; the error is the operating system's.
    looked: Result<Looked, String>,
}

impl Found {
    fn label(&self) -> String {
        self.parts.join("/")
    }

    fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    fn folder(&self) -> &[String] {
        &self.parts[..self.parts.len().saturating_sub(1)]
    }
}

/// Finds, recognises and groups all inputs.
///
/// # Errors
/// A path that does not exist or cannot be read.
pub fn discover(arguments: &[Argument]) -> Result<Inputs> {
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    for (i, a) in arguments.iter().enumerate() {
        collect(i, a, &mut found, &mut skipped)?;
    }
    let found = look_at_all(found, &mut skipped);
    let (mut nodes, node_of) = group(arguments, &found);
    let mut artefacts = Vec::new();
    for (f, node) in found.into_iter().zip(node_of) {
        let label = f.label();
        let name = f.name().to_owned();
        let mut a = Artefact {
            id: ArtefactId(0),
            label: label.clone(),
            origin: f.origin,
            size: f.size,
            packing: Packing::Plain,
            wrapping: Wrapping::None,
            format: Format::Empty,
            node,
            name_time: time_in_name(&name),
            modified_ms: f.modified_ms,
            shift_ms: 0,
        };
        let skip = |why: String, failed: bool| Skipped {
            label: label.clone(),
            why,
            failed,
            size: a.size,
            node: nodes.get(node).map(|n: &Node| n.id.clone()),
        };
        match f.looked {
            Ok(Ok(look)) => {
                a.packing = look.packing;
                a.wrapping = look.wrapping;
                a.format = look.format;
                if a.format.is_log()
                    && let Some(sources) = sources::of(&a)
                {
                    for s in sources {
                        match s.look {
                            Ok(look) => {
                                let mut one = a.clone();
                                (one.wrapping, one.format) = (look.wrapping, look.format);
                                one.node = node_named(&mut nodes, &s.node);
                                artefacts.push((one, look));
                            }
                            Err(why) => skipped.push(Skipped {
                                label: label.clone(),
                                why: format!("lines of {}: {why}", s.name),
                                failed: false,
                                size: 0,
                                node: None,
                            }),
                        }
                    }
                    continue;
                }
                if a.wrapping == Wrapping::Pasted && a.size > PASTED_MAX {
                    a.wrapping = Wrapping::None;
                }
                artefacts.push((a, look));
            }
            Ok(Err(why)) => skipped.push(skip(why.to_owned(), false)),
            Err(e) => skipped.push(skip(format!("cannot be read: {e}"), true)),
        }
    }
    drop_empty_nodes(&mut nodes, &mut artefacts);
    artefacts.sort_by_cached_key(|(a, _)| (a.node, reading_order(a)));
    set_shifts(&mut artefacts);
    let mut artefacts = without_doubles(artefacts, &nodes, &mut skipped);
    for (i, a) in artefacts.iter_mut().enumerate() {
        a.id = ArtefactId(u32::try_from(i).unwrap_or(u32::MAX));
    }
    skipped.sort();
    Ok(Inputs {
        nodes,
        artefacts,
        skipped,
    })
}

/// The node of this name, made when there is none.
fn node_named(nodes: &mut Vec<Node>, name: &str) -> usize {
    let known = nodes.iter().position(|n| n.id == name);
    known.unwrap_or_else(|| {
        nodes.push(Node {
            id: name.to_owned(),
        });
        nodes.len() - 1
    })
}

/// A file of several nodes' lines leaves none of its own name behind.
fn drop_empty_nodes(nodes: &mut Vec<Node>, artefacts: &mut [(Artefact, Look)]) {
    let split = artefacts
        .iter()
        .any(|(a, _)| matches!(a.wrapping, Wrapping::OneOf(..)));
    if !split {
        return;
    }
    let mut index = 0;
    let mut at = vec![0; nodes.len()];
    let mut kept = Vec::with_capacity(nodes.len());
    for (i, n) in std::mem::take(nodes).into_iter().enumerate() {
        if artefacts.iter().any(|(a, _)| a.node == i) {
            at[i] = index;
            index += 1;
            kept.push(n);
        }
    }
    *nodes = kept;
    for (a, _) in artefacts {
        a.node = at[a.node];
    }
}

/// Times of a file that prints them at another offset from UTC than the node's own logs are moved to the node's clock.
fn set_shifts(artefacts: &mut [(Artefact, Look)]) {
    let nodes = artefacts.iter().map(|(a, _)| a.node + 1).max().unwrap_or(0);
    for node in 0..nodes {
        let offset_of = |artefacts: &[(Artefact, Look)]| {
            artefacts
                .iter()
                .filter(|(a, _)| a.node == node && matches!(a.format, Format::Log(_)))
                .find_map(|(_, l)| l.offset)
        };
        let Some(own) = offset_of(artefacts) else {
            continue;
        };
        for (a, look) in artefacts.iter_mut().filter(|(a, _)| a.node == node) {
            if matches!(a.format, Format::AccessLog | Format::GcLog)
                && let Some(printed) = look.offset
                // An hour may be the beginning or the end of summer time, between the heads of the two files.
                && (own - printed).abs() > 60
            {
                a.shift_ms = i64::from(own - printed) * 60_000;
            }
        }
    }
}

/// What tells copies apart that begin alike: the source read out of a text of several.
fn source_only(w: Wrapping) -> Wrapping {
    match w {
        Wrapping::OneOf(..) => w,
        _ => Wrapping::None,
    }
}

/// A log that lies there twice (plain and packed, or copied) is read once; so is one of which an earlier copy lies beside it.
fn without_doubles(
    artefacts: Vec<(Artefact, Look)>,
    nodes: &[Node],
    skipped: &mut Vec<Skipped>,
) -> Vec<Artefact> {
    let mut by_first: BTreeMap<(usize, Format, Wrapping, u64), Vec<usize>> = BTreeMap::new();
    for (i, (a, look)) in artefacts.iter().enumerate() {
        if a.format.is_log() {
            by_first
                .entry((a.node, a.format, source_only(a.wrapping), look.first))
                .or_default()
                .push(i);
        }
    }
    let mut drop: BTreeMap<usize, String> = BTreeMap::new();
    for group in by_first.values().filter(|g| g.len() > 1) {
        for (k, &i) in group.iter().enumerate() {
            for &j in &group[k + 1..] {
                if drop.contains_key(&i) || drop.contains_key(&j) {
                    continue;
                }
                let (a, b) = (&artefacts[i].0, &artefacts[j].0);
                match compare(a, b) {
                    Some(Ordering::Equal) => {
                        // The one that need not be unpacked is kept.
                        let order = |x: &Artefact| (x.packing, x.label.len());
                        let (keep, go) = if order(b) < order(a) { (j, i) } else { (i, j) };
                        drop.insert(go, format!("the same as {}", artefacts[keep].0.label));
                    }
                    Some(Ordering::Less) => {
                        drop.insert(i, format!("the beginning of {}", b.label));
                    }
                    Some(Ordering::Greater) => {
                        drop.insert(j, format!("the beginning of {}", a.label));
                    }
                    None => {}
                }
            }
        }
    }
    let mut kept = Vec::with_capacity(artefacts.len());
    for (i, (a, _)) in artefacts.into_iter().enumerate() {
        match drop.remove(&i) {
            Some(why) => skipped.push(Skipped {
                why,
                failed: false,
                size: a.size,
                node: nodes.get(a.node).map(|n| n.id.clone()),
                label: a.label,
            }),
            None => kept.push(a),
        }
    }
    kept
}

/// Whether two files hold the same, or one the beginning of the other; `None` when they differ or cannot be read.
fn compare(a: &Artefact, b: &Artefact) -> Option<Ordering> {
    const STEP: u64 = 1 << 17;
    let (mut a, mut b) = (read::open_stream(a).ok()?, read::open_stream(b).ok()?);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut any = false;
    loop {
        x.clear();
        y.clear();
        // A packed copy that breaks off holds the beginning.
        let _ = a.by_ref().take(STEP).read_to_end(&mut x);
        let _ = b.by_ref().take(STEP).read_to_end(&mut y);
        let n = x.len().min(y.len());
        if x[..n] != y[..n] || (!any && n == 0) {
            return None;
        }
        any = true;
        if x.len() != y.len() || x.is_empty() {
            return Some(x.len().cmp(&y.len()));
        }
    }
}

/// Rotated logs of one series stand in the order they were written: dated ones first, the one without a date last.
fn reading_order(a: &Artefact) -> (String, bool, String, u64, String) {
    let name = a.label.rsplit('/').next().unwrap_or("");
    let folder = &a.label[..a.label.len() - name.len()];
    let bare = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zst"))
        .unwrap_or(name);
    let (stem, rest) = match bare.find(".log") {
        Some(i) => (&bare[..i], &bare[i + 4..]),
        None => (bare, ""),
    };
    let number = rest
        .rsplit('.')
        .next()
        .and_then(|n| n.parse::<u64>().ok())
        .unwrap_or(0);
    let date = match rest.rfind('.') {
        Some(i) if i > 0 => &rest[..i],
        _ => rest,
    };
    (
        format!("{folder}{stem}"),
        rest.is_empty(),
        date.to_owned(),
        number,
        name.to_owned(),
    )
}

fn collect(
    argument: usize,
    a: &Argument,
    found: &mut Vec<Found>,
    skipped: &mut Vec<Skipped>,
) -> Result<()> {
    if a.path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(STDIN_MAX)
            .read_to_end(&mut bytes)
            .context("standard input")?;
        found.push(Found {
            argument,
            parts: vec!["-".to_owned()],
            size: bytes.len() as u64,
            origin: Origin::Memory(Arc::new(bytes)),
            modified_ms: None,
            looked: NOT_YET,
        });
        return Ok(());
    }
    let shown = a.path.display();
    let meta = fs::metadata(&a.path).with_context(|| format!("{shown}"))?;
    if meta.is_dir() {
        fs::read_dir(&a.path).with_context(|| format!("{shown}"))?;
        walk(argument, &a.path, &mut Vec::new(), found, skipped);
    } else if meta.is_file() {
        fs::File::open(&a.path).with_context(|| format!("{shown}"))?;
        let name = a
            .path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        found.push(file(argument, vec![name], a.path.clone(), &meta));
    } else {
        bail!("{shown}: neither a file nor a directory");
    }
    Ok(())
}

fn file(argument: usize, parts: Vec<String>, path: PathBuf, meta: &fs::Metadata) -> Found {
    Found {
        argument,
        parts,
        size: meta.len(),
        modified_ms: meta
            .modified()
            .ok()
            .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
            .and_then(|d| i64::try_from(d.as_millis()).ok()),
        origin: Origin::File(path),
        looked: NOT_YET,
    }
}

/// Names are sorted, so the order does not depend on the file system. Links to directories are not followed.
fn walk(
    argument: usize,
    path: &Path,
    parts: &mut Vec<String>,
    found: &mut Vec<Found>,
    skipped: &mut Vec<Skipped>,
) {
    let skip = |parts: &[String], why: String| Skipped {
        label: parts.join("/"),
        why,
        failed: true,
        size: 0,
        node: None,
    };
    let entries = match fs::read_dir(path) {
        Ok(e) => e,
        Err(e) => {
            skipped.push(skip(parts, format!("cannot be read: {e}")));
            return;
        }
    };
    let mut names: Vec<_> = entries
        .filter_map(|e| e.ok().map(|e| e.file_name()))
        .collect();
    names.sort();
    for name in names {
        let path = path.join(&name);
        parts.push(name.to_string_lossy().into_owned());
        match (fs::symlink_metadata(&path), fs::metadata(&path)) {
            (Ok(link), Ok(meta)) => {
                if meta.is_file() {
                    found.push(file(argument, parts.clone(), path, &meta));
                } else if meta.is_dir() && !link.is_symlink() {
                    if parts.len() < 64 {
                        walk(argument, &path, parts, found, skipped);
                    }
                } else {
                    let mut s = skip(
                        parts,
                        "no regular file (a link to a directory, a pipe or a device)".to_owned(),
                    );
                    s.failed = false;
                    skipped.push(s);
                }
            }
            (_, Err(e)) | (Err(e), _) => skipped.push(skip(parts, format!("cannot be read: {e}"))),
        }
        parts.pop();
    }
}

/// How a file is packed, what stands around its lines, what it is; or why it is of no use.
pub(super) type Looked = Result<Look, &'static str>;

/// What the first bytes of a file tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    packing: Packing,
    pub(super) wrapping: Wrapping,
    pub(super) format: Format,
    /// Hash of the first bytes, unpacked: equal files have equal ones.
    first: u64,
    /// Minutes east of UTC at which the file prints its times, if its first lines tell.
    offset: Option<i32>,
}

pub(super) fn look_as(
    packing: Packing,
    wrapping: Wrapping,
    format: Format,
    head: &[u8],
    text: &[u8],
) -> Look {
    let first = head
        .iter()
        .take(256)
        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
    Look {
        packing,
        wrapping,
        format,
        first,
        offset: crate::format::offset_of_head(format, text),
    }
}

const NOT_YET: Result<Looked, String> = Ok(Err("not looked at"));

/// Recognises all files by their first bytes; what is in an archive takes its place.
fn look_at_all(found: Vec<Found>, skipped: &mut Vec<Skipped>) -> Vec<Found> {
    let mut out = Vec::with_capacity(found.len());
    let mut kept = 0;
    for mut f in found {
        let name = f.name().to_owned();
        match head_of(&f.origin) {
            Ok((packing, head)) => match archive::Kind::of(&head) {
                Some(kind) => {
                    let listing = archive::list(&f.origin, f.size, packing, kind, kept);
                    kept = listing.kept;
                    let below = |parts: Vec<String>| [f.parts.clone(), parts].concat();
                    for (parts, why, failed) in listing.skipped {
                        skipped.push(Skipped {
                            label: below(parts).join("/"),
                            why,
                            failed,
                            size: 0,
                            node: None,
                        });
                    }
                    out.extend(listing.entries.into_iter().map(|e| Found {
                        argument: f.argument,
                        parts: below(e.parts),
                        origin: e.origin,
                        size: e.size,
                        modified_ms: e.modified_ms,
                        looked: Ok(e.looked),
                    }));
                    continue;
                }
                None => f.looked = Ok(look_at_head(&name, packing, &head)),
            },
            Err(e) => f.looked = Err(e.to_string()),
        }
        out.push(f);
    }
    out
}

/// How a file is packed, and its first bytes unpacked.
fn head_of(origin: &Origin) -> std::io::Result<(Packing, Vec<u8>)> {
    let mut head = Vec::new();
    read::open_origin(origin)?
        .take(HEAD)
        .read_to_end(&mut head)?;
    let packing = Packing::of(&head);
    if packing == Packing::Plain {
        return Ok((packing, head));
    }
    let unpacked = first_bytes(&mut *read::unpack(read::open_origin(origin)?, packing)?)?;
    Ok((packing, unpacked))
}

/// As much as can be read, up to [`HEAD`]: a stream cut early still shows what it is.
fn first_bytes(stream: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0u8; 8192];
    while head.len() < HEAD as usize {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => head.extend_from_slice(&chunk[..n]),
            Err(e) if head.is_empty() => return Err(e),
            Err(_) => break,
        }
    }
    Ok(head)
}

/// The same of a file whose first bytes are in hand.
pub(super) fn unpacked_head(head: &[u8]) -> (Packing, Vec<u8>) {
    let packing = Packing::of(head);
    let unpacked = match packing {
        Packing::Plain => Ok(head.to_vec()),
        packing => read::unpack(Box::new(std::io::Cursor::new(head.to_vec())), packing)
            .and_then(|mut r| first_bytes(&mut *r)),
    };
    (packing, unpacked.unwrap_or_default())
}

/// What a file of this name and these first bytes is.
pub(super) fn look_at_head(name: &str, packing: Packing, head: &[u8]) -> Looked {
    let bare = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zst"))
        .unwrap_or(name);
    let wrapping = Wrapping::of(head);
    if wrapping != Wrapping::None || is_dirty(head) {
        let (inner, _) = unwrap(head, wrapping);
        // A log whose layout prints instants looks like one behind the runtime's.
        let dated = wrapping != Wrapping::Kubectl || has_head(&inner);
        if let Ok(f) = sniff(bare, &inner)
            && f.is_log()
            && (dated || !has_head(&mend(head).0))
        {
            return Ok(look_as(packing, wrapping, f, head, &inner));
        }
    }
    let plain = sniff(bare, head);
    let may_be_pasted = match plain {
        // Lines of equal length are the rule there, not the mark of a window's edge.
        Ok(f) if f.undated() == Undated::EveryLine => false,
        // A whole file is in hand, or one whose name says nothing.
        Ok(Format::Log(_)) => (head.len() as u64) < HEAD || Series::of_file_name(bare).is_none(),
        Ok(_) => false,
        Err(_) => !head.contains(&0),
    };
    if may_be_pasted && is_pasted(head) {
        let (text, _) = mend(head);
        if let Ok(f @ Format::Log(_)) = sniff(bare, &text) {
            return Ok(look_as(packing, Wrapping::Pasted, f, head, &text));
        }
    }
    if plain.is_err() && Wrapping::is_quoted(head) {
        let (text, _) = unwrap(head, Wrapping::Quoted);
        if let Ok(f) = sniff(bare, &text) {
            return Ok(look_as(packing, Wrapping::Quoted, f, head, &text));
        }
    }
    plain.map(|f| look_as(packing, Wrapping::None, f, head, head))
}

fn has_head(text: &[u8]) -> bool {
    find_head(text, 0, Undated::Never).is_some()
}

/// The name of an archive without what tells that it is one.
fn archive_stem(name: &str) -> Option<&str> {
    const ENDS: [&str; 7] = [
        ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar", ".zip", ".taz",
    ];
    ENDS.iter().find_map(|e| name.strip_suffix(e))
}

/// The node that a folder in an archive is of: the last folder in it that is not just `logs`, else the archive's own name.
fn name_in_archive(folder: &[String]) -> Option<(Option<String>, String)> {
    let at = folder.iter().rposition(|p| archive_stem(p).is_some())?;
    let inner = folder[at + 1..].iter().rev().find(|p| *p != "logs");
    Some((inner.cloned(), archive_stem(&folder[at])?.to_owned()))
}

/// Nodes, and the node of each file.
fn group(arguments: &[Argument], found: &[Found]) -> (Vec<Node>, Vec<usize>) {
    let mut nodes: Vec<Node> = Vec::new();
    // (argument, folder of the node) -> node
    let mut roots: BTreeMap<(usize, Vec<String>), usize> = BTreeMap::new();
    let mut without_logs = Vec::new();
    for (i, a) in arguments.iter().enumerate() {
        let folders = log_folders(i, found);
        if folders.is_empty() {
            without_logs.push(i);
            continue;
        }
        for folder in &folders {
            let mut keep = folder.len();
            while keep > 0
                && !folders
                    .iter()
                    .any(|o| o != folder && o.starts_with(&folder[..keep - 1]))
            {
                keep -= 1;
            }
            let root = folder[..keep].to_vec();
            let id = match (&a.node, root.last()) {
                (Some(name), _) if folders.len() == 1 => name.clone(),
                (_, last)
                    if last.is_none_or(|l| archive_stem(l).is_some() || l == "logs")
                        && name_in_archive(folder).is_some() =>
                {
                    let all = || folders.iter().filter_map(|f| name_in_archive(f)?.0);
                    match name_in_archive(folder) {
                        Some((Some(inner), _)) if all().filter(|n| *n == inner).count() == 1 => {
                            inner
                        }
                        Some((_, stem)) => stem,
                        None => name_of(&a.path),
                    }
                }
                (_, Some(last)) if last != "logs" => last.clone(),
                (_, Some(_)) if root.len() > 1 => root[root.len() - 2].clone(),
                _ => name_of(&a.path),
            };
            roots.insert((i, root), nodes.len());
            nodes.push(Node { id });
        }
    }
    let lone_node = (nodes.len() == 1).then_some(0);
    let mut node_of_argument: BTreeMap<usize, usize> = BTreeMap::new();
    let mut files_node = None;
    for i in without_logs {
        let a = &arguments[i];
        let node = match (&a.node, lone_node) {
            (None, Some(n)) => n,
            (Some(name), _) => match nodes.iter().position(|n| n.id == *name) {
                Some(n) => n,
                None => {
                    nodes.push(Node { id: name.clone() });
                    nodes.len() - 1
                }
            },
            // Single files given side by side are one node's.
            (None, None) => *files_node.get_or_insert_with(|| {
                nodes.push(Node {
                    id: name_of(&a.path),
                });
                nodes.len() - 1
            }),
        };
        node_of_argument.insert(i, node);
    }
    if nodes.is_empty() {
        nodes.push(Node {
            id: "node".to_owned(),
        });
    }
    let node_of = found
        .iter()
        .map(|f| {
            if let Some(n) = node_of_argument.get(&f.argument) {
                return *n;
            }
            let folder = f.folder();
            (0..=folder.len())
                .rev()
                .find_map(|k| roots.get(&(f.argument, folder[..k].to_vec())))
                .or_else(|| {
                    roots
                        .iter()
                        .find(|((a, _), _)| *a == f.argument)
                        .map(|(_, n)| n)
                })
                .copied()
                .unwrap_or(0)
        })
        .collect();
    make_unique(&mut nodes);
    (nodes, node_of)
}

/// Folders with logs of Nacos, none inside another.
fn log_folders(argument: usize, found: &[Found]) -> Vec<Vec<String>> {
    let mut folders: Vec<Vec<String>> = found
        .iter()
        .filter(|f| f.argument == argument && Series::of_file_name(f.name()).is_some())
        .map(|f| f.folder().to_vec())
        .collect();
    folders.sort();
    folders.dedup();
    let all = folders.clone();
    folders.retain(|f| !all.iter().any(|o| o != f && f.starts_with(o)));
    folders
}

fn name_of(path: &Path) -> String {
    let named = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let full = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    match named(&full) {
        Some(n) if n == "logs" => full.parent().and_then(named).unwrap_or(n),
        Some(n) => n,
        None => "node".to_owned(),
    }
}

fn make_unique(nodes: &mut [Node]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for n in nodes {
        let times = seen.entry(n.id.clone()).or_default();
        *times += 1;
        if *times > 1 {
            n.id = format!("{}-{times}", n.id);
        }
    }
}

/// `nmt-20261123-013950.txt`, `nmt_2026-11-23_01-39-50`, `…-1795362873.txt`: the time in a file's name, read on the
/// node's clock.
#[must_use]
pub fn time_in_name(name: &str) -> Option<WallTime> {
    let groups: Vec<&str> = name
        .split(|c: char| !c.is_ascii_digit())
        .filter(|g| !g.is_empty())
        .collect();
    let n = |t: &str| t.parse::<u32>().ok();
    let make = |y: &str, mo: &str, d: &str, h: &str, mi: &str, s: &str| {
        let year = y.parse().ok().filter(|y| (1990..2200).contains(y))?;
        WallTime::from_fields(year, n(mo)?, n(d)?, n(h)?, n(mi)?, n(s)?, 0)
    };
    for i in 0..groups.len() {
        let g = &groups[i..];
        let found = match g {
            [d, t, ..] if d.len() == 8 && t.len() == 6 => {
                make(&d[..4], &d[4..6], &d[6..], &t[..2], &t[2..4], &t[4..])
            }
            [dt, ..] if dt.len() == 14 => make(
                &dt[..4],
                &dt[4..6],
                &dt[6..8],
                &dt[8..10],
                &dt[10..12],
                &dt[12..],
            ),
            [y, mo, d, t, ..] if y.len() == 4 && mo.len() == 2 && d.len() == 2 && t.len() == 6 => {
                make(y, mo, d, &t[..2], &t[2..4], &t[4..])
            }
            [y, mo, d, h, mi, s, ..]
                if y.len() == 4 && [mo, d, h, mi, s].iter().all(|t| t.len() == 2) =>
            {
                make(y, mo, d, h, mi, s)
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_from_the_usual_file_names() {
        for name in [
            "nmt-20261123-013950.txt",
            "nmt_2026-11-23_01-39-50.txt",
            "nmt.20261123013950",
            "2026-11-23-013950-nmt.txt",
        ] {
            assert_eq!(
                time_in_name(name).map(|t| t.local()).as_deref(),
                Some("2026-11-23 01:39:50"),
                "{name}"
            );
        }
        for name in [
            "nmt.txt",
            "access_log.2026-11-23.log",
            "nmt-99999999-999999.txt",
            "naming-push.log.2026-11-22.0",
        ] {
            assert_eq!(time_in_name(name), None, "{name}");
        }
    }

    #[test]
    fn rotated_logs_come_before_the_one_being_written() {
        let order = |label: &str| {
            reading_order(&Artefact {
                id: ArtefactId(0),
                label: label.to_owned(),
                origin: Origin::Memory(Arc::default()),
                size: 0,
                packing: Packing::Plain,
                wrapping: Wrapping::None,
                format: Format::Empty,
                node: 0,
                name_time: None,
                modified_ms: None,
                shift_ms: 0,
            })
        };
        let mut names = vec![
            "logs/naming-push.log",
            "logs/naming-push.log.2026-11-22.10",
            "logs/naming-push.log.2026-11-22.2.gz",
            "logs/naming-push.log.2026-11-21.0",
        ];
        names.sort_by_key(|n| order(n));
        assert_eq!(
            names,
            [
                "logs/naming-push.log.2026-11-21.0",
                "logs/naming-push.log.2026-11-22.2.gz",
                "logs/naming-push.log.2026-11-22.10",
                "logs/naming-push.log"
            ]
        );
    }

    fn nodes_of(paths: &[&str]) -> Vec<(String, String)> {
        let found: Vec<Found> = paths
            .iter()
            .map(|p| Found {
                argument: 0,
                parts: p.split('/').map(str::to_owned).collect(),
                origin: Origin::Memory(Arc::default()),
                size: 0,
                modified_ms: None,
                looked: NOT_YET,
            })
            .collect();
        let a = [Argument {
            path: PathBuf::from("/nowhere/here"),
            node: None,
        }];
        let (nodes, of) = group(&a, &found);
        found
            .iter()
            .zip(of)
            .map(|(f, n)| (f.label(), nodes[n].id.clone()))
            .collect()
    }

    #[test]
    fn what_lies_beside_a_log_directory_belongs_to_its_node() {
        let all = nodes_of(&[
            "a/logs/nacos.log",
            "a/nmt/x.txt",
            "b/logs/nacos.log",
            "b/bin/logs/access_log.log",
        ]);
        let ids: Vec<_> = all.iter().map(|(_, n)| n.as_str()).collect();
        assert_eq!(ids, ["a", "a", "b", "b"]);
    }

    #[test]
    fn one_log_directory_is_one_node_wherever_it_lies() {
        let all = nodes_of(&[
            "logs/nacos.log",
            "logs/old/naming-push.log.2024-01-01.0",
            "heap/x.hprof",
        ]);
        assert!(all.iter().all(|(_, n)| n == "here"));
    }
}
