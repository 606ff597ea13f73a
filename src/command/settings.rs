//! What the arguments, the environment and the configuration file say together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::error::ContextKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use nacos_offheap::cli::Cli;
use nacos_offheap::config::{Config, ENVIRONMENT, Filled, fill};

/// What no option holds.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// The configuration file.
    pub(crate) config: Config,
    /// Where options come from that were not typed.
    origins: BTreeMap<String, String>,
}

impl Settings {
    /// What set the option that a message begins with, when it was not typed.
    pub(crate) fn origin_of(&self, message: &str) -> Option<&str> {
        let option = message.strip_prefix("--")?;
        let name = option.split([' ', ':', '=']).next()?;
        self.origins.get(name).map(String::as_str)
    }
}

/// Reads the arguments as typed, then again with what the environment and the file add. Wrong usage ends the program as clap
/// has it.
pub(crate) fn load(arguments: &[OsString]) -> Result<(Cli, Settings)> {
    let typed = Cli::command().get_matches_from(arguments);
    let path = Cli::from_arg_matches(&typed)?.config.or_else(|| {
        std::env::var_os(format!("{ENVIRONMENT}CONFIG"))
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    });
    let mut settings = Settings::default();
    let mut name = String::new();
    if let Some(path) = &path {
        name = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("--config {name}"))?;
        settings.config = Config::read(&text)
            .map_err(anyhow::Error::msg)
            .with_context(|| name.clone())?;
    }
    let file = path.as_ref().map(|_| (name.as_str(), &settings.config));
    let Filled { arguments, origins } =
        fill(arguments, &typed, &|v| std::env::var(v).ok(), file).map_err(anyhow::Error::msg)?;
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            settings.origins = origins;
            Ok((cli, settings))
        }
        Err(e) => {
            // What was typed had been read well, so it is one of the added options.
            let option = e.get(ContextKind::InvalidArg).map(ToString::to_string);
            let name = option
                .as_deref()
                .and_then(|o| o.strip_prefix("--")?.split([' ', '=', '<']).next());
            let origin = name
                .and_then(|n| origins.get(n))
                .map_or("environment", String::as_str);
            let first = e.to_string();
            let first = first.lines().next().unwrap_or_default();
            bail!("{origin}: {}", first.trim_start_matches("error: "));
        }
    }
}
