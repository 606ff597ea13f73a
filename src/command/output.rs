//! Where reports go: formats, files, standard output.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use nacos_offheap::cli::{Language, Output, OutputFormat, When};
use nacos_offheap::report::{Report, json, junit, sarif, table};
use nacos_offheap::text::Lang;

/// A format and its file; standard output when `None`.
pub(crate) type Target = (OutputFormat, Option<PathBuf>);

/// Lays out a report for the terminal; commands differ in this alone.
pub(crate) type WriteTable = dyn Fn(&Report, &table::Style, &mut dyn Write) -> io::Result<()>;

/// Yes, no, or what the terminal says.
pub(crate) fn wants(when: When, auto: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => auto,
    }
}

/// Formats and where they go: standard output for one of them at most.
pub(crate) fn targets(o: &Output) -> Result<Vec<Target>> {
    let mut all = Vec::new();
    for f in &o.formats {
        let (name, file) = match f.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(PathBuf::from(file))),
            Some(_) => bail!("--format {f}: no file behind `=`"),
            None => (f.as_str(), None),
        };
        all.push((format(name)?, file));
    }
    if all.is_empty() {
        all.push((OutputFormat::Table, None));
    }
    if all.iter().filter(|(_, f)| f.is_none()).count() > 1 {
        bail!(
            "--format: only one format can go to standard output; write the others as FORMAT=FILE"
        );
    }
    if let Some(path) = &o.output {
        match all.iter_mut().find(|(_, f)| f.is_none()) {
            Some((_, f)) => *f = Some(path.clone()),
            None => bail!(
                "--output {}: every format has its file already",
                path.display()
            ),
        }
    }
    Ok(all)
}

fn format(name: &str) -> Result<OutputFormat> {
    OutputFormat::from_str(name, true).map_err(|_| {
        let known: Vec<_> = OutputFormat::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|v| v.get_name().to_owned())
            .collect();
        anyhow::anyhow!(
            "--format {name}: unknown format (one of {})",
            known.join(", ")
        )
    })
}

/// Writes the report in every format asked for.
pub(crate) fn write_all(
    targets: &[Target],
    report: &Report,
    options: &Output,
    write_table: &WriteTable,
) -> Result<()> {
    for (format, file) in targets {
        let style = style(file.is_none(), options);
        write_to(file.as_ref(), &|out| match format {
            OutputFormat::Table => write_table(report, &style, out),
            OutputFormat::Json => json::write(report, out),
            OutputFormat::Sarif => sarif::write(report, style.lang, out),
            OutputFormat::Junit => junit::write(report, style.lang, out),
        })?;
    }
    Ok(())
}

/// The language asked for, else that of the locale: the first of `LC_ALL`, `LC_MESSAGES`, `LANG` that says anything.
pub(crate) fn language(asked: Option<Language>) -> Lang {
    match asked {
        Some(Language::En) => Lang::En,
        Some(Language::Zh) => Lang::Zh,
        None => ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|locale| !locale.is_empty())
            .map_or(Lang::En, |locale| Lang::of_locale(&locale)),
    }
}

/// How to lay out, by what standard output is.
fn style(to_stdout: bool, o: &Output) -> table::Style {
    let terminal = to_stdout && io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    table::Style {
        width: o.width.unwrap_or_else(|| {
            if terminal {
                table::terminal_width().unwrap_or(100).clamp(40, 120)
            } else {
                100
            }
        }),
        colour: wants(o.color, terminal && !plain),
        top: o.top,
        verbose: o.verbose,
        lang: language(o.lang),
    }
}

/// Writes to a file, or to standard output.
fn write_to(
    file: Option<&PathBuf>,
    write: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let flushed = |out: &mut dyn Write| write(out).and_then(|()| out.flush());
    match file {
        Some(path) => {
            let f = File::create(path).with_context(|| path.display().to_string())?;
            flushed(&mut BufWriter::new(f)).with_context(|| path.display().to_string())
        }
        None => Ok(flushed(&mut BufWriter::new(io::stdout().lock()))?),
    }
}

/// Writes the map of pseudonyms to a file that only its owner may read.
pub(crate) fn write_private(path: &Path, map: &BTreeMap<String, String>) -> Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    // The mode above is that of a new file; an old one may be open to all.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    let mut out = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, map)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
