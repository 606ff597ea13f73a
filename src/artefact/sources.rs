//! Several servers in one text: `kubectl logs --prefix` over pods, `docker compose logs`, a journal of several hosts or units.
//! Each source is read on its own, so that nothing of one process is counted for another.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::discover::{HEAD, Look, look_as};
use super::{Artefact, read};
use crate::format::{Format, sniff};
use crate::parse::record::trim_line_end;
use crate::parse::wrapping::{SourceName, unwrap};

/// Sources told apart in one text; lines of further ones are named as not read.
const SOURCES_MAX: usize = 1024;

/// Bytes of the begin of a line that name its source at the most.
const LINE_BEGIN: usize = 1024;

/// One of several sources.
pub(super) struct Source {
    /// As it is shown.
    pub name: String,
    /// The node its lines are of.
    pub node: String,
    /// What they are, or why they are not read.
    pub look: Result<Look, &'static str>,
}

/// The sources of a text that names several; `None` when it names one or none.
pub(super) fn of(a: &Artefact) -> Option<Vec<Source>> {
    a.wrapping.framing()?;
    let Heads { heads, more, bare } = heads(a)?;
    if heads.len() < 2 {
        return None;
    }
    let mut places: BTreeMap<&[u8], usize> = BTreeMap::new();
    let looks: Vec<(&SourceName, Result<Look, &'static str>)> = heads
        .iter()
        .map(|(source, head)| (source, look(a, source, head)))
        .collect();
    for (source, look) in &looks {
        if look.is_ok() {
            *places.entry(&source.place).or_default() += 1;
        }
    }
    let text = |t: &[u8]| String::from_utf8_lossy(t).into_owned();
    let one_place = places.len() < 2;
    let unread = |name: &str, why| Source {
        name: name.to_owned(),
        node: String::new(),
        look: Err(why),
    };
    let further = more.then(|| unread("further sources", "more sources than are told apart"));
    let bare = bare.then(|| unread("no source", "they stand among those of several"));
    Some(
        looks
            .into_iter()
            .map(|(source, look)| {
                let (place, part) = (text(&source.place), text(&source.part));
                let name = match &*part {
                    "" => place.clone(),
                    part => format!("{place}/{part}"),
                };
                // Units of one host are processes of their own; so are containers that log alike.
                let several = places.get(&*source.place).is_some_and(|n| *n > 1);
                let node = match (several, one_place) {
                    (true, true) => part,
                    (true, false) => name.clone(),
                    (false, _) => place,
                };
                Source { name, node, look }
            })
            .chain(further)
            .chain(bare)
            .collect(),
    )
}

fn look(a: &Artefact, source: &SourceName, head: &[u8]) -> Result<Look, &'static str> {
    let wrapping = a.wrapping.only(source);
    let (text, _) = unwrap(head, wrapping);
    match sniff("", &text)? {
        f if f.is_log() => Ok(look_as(a.packing, wrapping, f, head, &text)),
        Format::Empty => Err("no text"),
        _ => Err("no log"),
    }
}

/// What a text of several sources begins with, source by source.
struct Heads {
    /// The first lines of each source.
    heads: BTreeMap<SourceName, Vec<u8>>,
    /// Whether there are more sources than those.
    more: bool,
    /// Whether lines stand among them that name none.
    bare: bool,
}

/// The whole text is looked at, since a source may begin late.
fn heads(a: &Artefact) -> Option<Heads> {
    let mut stream = read::open_stream(a).ok()?;
    let mut heads: BTreeMap<SourceName, Vec<u8>> = BTreeMap::new();
    let (mut more, mut bare) = (false, false);
    let mut take = |line: &[u8]| {
        let Some(source) = a.wrapping.source(trim_line_end(line)) else {
            bare |= !line.trim_ascii().is_empty();
            return;
        };
        if !heads.contains_key(&source) && heads.len() >= SOURCES_MAX {
            more = true;
            return;
        }
        let head = heads.entry(source).or_default();
        if head.len() < HEAD as usize {
            head.extend_from_slice(line);
        }
    };
    let mut chunk = vec![0; 1 << 18];
    let mut begun: Vec<u8> = Vec::new();
    loop {
        // A text that breaks off is looked at as far as it goes; reading it says what is missing.
        let n = match stream.read(&mut chunk) {
            Ok(n) if n > 0 => n,
            _ => break,
        };
        for piece in chunk[..n].split_inclusive(|&b| b == b'\n') {
            let ended = piece.ends_with(b"\n");
            if begun.is_empty() && ended {
                take(piece);
                continue;
            }
            let room = (HEAD as usize + LINE_BEGIN).saturating_sub(begun.len());
            begun.extend_from_slice(&piece[..piece.len().min(room)]);
            if ended {
                if !begun.ends_with(b"\n") {
                    begun.push(b'\n');
                }
                take(&begun);
                begun.clear();
            }
        }
    }
    if !begun.is_empty() {
        take(&begun);
    }
    Some(Heads { heads, more, bare })
}
