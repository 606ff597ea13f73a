//! Progress on standard error, for anything that takes over a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that shows itself after a second.
pub(crate) struct Progress {
    bar: ProgressBar,
    began: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// A bar over `total` bytes; it never shows when `on` is false.
    #[must_use]
    pub(crate) fn new(total: u64, on: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:24} {percent:>3} %  {bytes_per_sec}  {wide_msg}")
        {
            bar.set_style(style);
        }
        Self {
            bar,
            began: Instant::now(),
            shown: AtomicBool::new(!on),
        }
    }

    /// `bytes` more of `file` have been read.
    pub(crate) fn read(&self, bytes: u64, file: &str) {
        self.bar.inc(bytes);
        if !self.shown.load(Ordering::Relaxed)
            && self.began.elapsed() > Duration::from_secs(1)
            && !self.shown.swap(true, Ordering::Relaxed)
        {
            self.bar
                .set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        // File names come from the file system and may hold anything.
        self.bar
            .set_message(file.chars().filter(|c| !c.is_control()).collect::<String>());
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
