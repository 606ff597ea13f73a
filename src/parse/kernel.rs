//! Linux's own words on running out of memory: `dmesg`, the kernel's lines in syslog and journal, and what container
//! runtimes make of them.
//!
//! ```text
//! java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999
//! memory: usage 524288kB, limit 524288kB, failcnt 123
//! oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=..,mems_allowed=0,oom_memcg=..,task_memcg=..,task=java,pid=77,uid=0
//! Memory cgroup out of memory: Killed process 77 (java) total-vm:3488232kB, anon-rss:604452kB, file-rss:31716kB, shmem-rss:0kB, UID:0 ...
//! Out of memory: Kill process 77 (java) score 912 or sacrifice child       before 5.x, the sizes on the next line
//! ```
//!
//! Wordings of `mm/oom_kill.c` and `mm/memcontrol.c`, Linux 3.10 to 6. A time is seconds since boot (`[  123.456789]`), or the
//! wall clock of syslog, which names no year.

use super::heading;
use super::lines::{after, cut, decimal, find, leading_number, lines, text, trim, words};
use crate::units::WallTime;

/// Events kept of one text.
const MAX_EVENTS: usize = 10_000;

/// A process killed for want of memory. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OomKill {
    /// Offset of the line.
    pub at: usize,
    /// When, if the line shows a whole date.
    pub time: Option<WallTime>,
    /// Microseconds since the machine started.
    pub since_boot_micros: Option<u64>,
    /// The process.
    pub pid: Option<u32>,
    /// Its name.
    pub process: Option<String>,
    /// Whether a control group (a container) was out of memory, not the machine. `None` when the line does not say.
    pub in_group: Option<bool>,
    /// Address space.
    pub total_vm: Option<u64>,
    /// Resident and of no file.
    pub anon_rss: Option<u64>,
    /// Resident and of files.
    pub file_rss: Option<u64>,
    /// Resident and shared.
    pub shmem_rss: Option<u64>,
    /// The control group's limit, from a line before.
    pub group_limit: Option<u64>,
}

impl OomKill {
    /// Resident in all, in bytes.
    #[must_use]
    pub fn rss(&self) -> Option<u64> {
        let parts = [self.anon_rss, self.file_rss, self.shmem_rss];
        parts.iter().any(Option::is_some).then(|| {
            parts
                .iter()
                .flatten()
                .fold(0u64, |a, b| a.saturating_add(*b))
        })
    }
}

/// Whether a line is one of the kernel's about memory exhaustion.
#[must_use]
pub fn is_oom_line(line: &[u8]) -> bool {
    find(line, b"invoked oom-killer").is_some()
        || find(line, b"oom-kill:constraint=").is_some()
        || killed(line).is_some()
}

/// The pid and name of `Killed process 77 (java)`, `Kill process 77 (java)`.
fn killed(line: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let rest = after(line, b"Killed process ").or_else(|| after(line, b"Kill process "))?;
    let (pid, rest) = leading_number(rest)?;
    let (_, rest) = cut(rest.get(..64).unwrap_or(rest), b"(").and(cut(rest, b"("))?;
    let (name, rest) = cut(rest, b")")?;
    Some((u32::try_from(pid).ok()?, name, rest))
}

/// `anon-rss:604452kB`
fn kilobytes(t: &[u8], label: &[u8]) -> Option<u64> {
    let (n, rest) = leading_number(after(t, label)?)?;
    rest.starts_with(b"kB")
        .then(|| n.checked_mul(1024))
        .flatten()
}

/// `[  123.456789]`
fn since_boot(t: &[u8]) -> Option<u64> {
    let inner = after(t.get(..160).unwrap_or(t), b"[")?;
    let stamp = trim(cut(inner, b"]")?.0);
    let (seconds, micros) = cut(stamp, b".")?;
    let micros = decimal(micros).filter(|_| micros.len() == 6)?;
    decimal(seconds)?
        .checked_mul(1_000_000)?
        .checked_add(micros)
}

/// `Nov 22 13:07:50` of syslog and of the journal's short form, which names no year: it is the one in which the line is not
/// after `near`, the time the text was taken, by more than a day.
fn syslog_time(t: &[u8], near: Option<WallTime>) -> Option<WallTime> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let near = near?;
    let mut w = words(t);
    let month = w.next().filter(|m| m.len() == 3)?;
    let month = u32::try_from(MONTHS.chunks(3).position(|m| m == month)? + 1).ok()?;
    let day = u32::try_from(decimal(w.next()?)?).ok()?;
    let mut clock = w.next()?.split(|c| *c == b':').map(decimal);
    let mut part = || u32::try_from(clock.next()??).ok();
    let (h, m, s) = (part()?, part()?, part()?);
    let year: i32 = near.local().get(..4)?.parse().ok()?;
    [year + 1, year, year - 1]
        .into_iter()
        .filter_map(|y| WallTime::from_fields(y, month, day, h, m, s.min(59), 0))
        .find(|t| t.0 <= near.0 + 86_400_000)
}

/// `[    0.000000] Linux version …`, `Nov 22 13:07:50 host kernel: …`, `2026-11-22T13:07:50+08:00 host kernel: …`,
/// `[Sun Nov 22 13:07:50 2026] …`: the kernel's lines as dmesg, syslog and the journal print them.
#[must_use]
pub fn is_kernel_line(line: &[u8]) -> bool {
    let t = trim(line.get(..200).unwrap_or(line));
    if let Some(inner) = t.strip_prefix(b"[") {
        let Some((stamp, _)) = cut(inner, b"] ") else {
            return false;
        };
        return since_boot(t.get(..stamp.len() + 3).unwrap_or(t)).is_some()
            || heading::read(stamp, 0).is_some()
                && stamp.first().is_some_and(u8::is_ascii_alphabetic);
    }
    let Some(kernel) = find(t, b" kernel: ") else {
        return false;
    };
    let before = t.get(..kernel).unwrap_or_default();
    // A stamp and the machine's name, nothing else.
    let dated = heading::read(before, 0).is_some() && words(before).count() <= 3;
    dated
        || words(before).count() == 4
            && syslog_time(before, Some(WallTime(i64::from(i32::MAX) * 1000))).is_some()
}

/// `Nov 22 13:07:50 host sshd[12]: …`: a line of syslog, whoever writes it.
#[must_use]
pub fn is_syslog_line(line: &[u8]) -> bool {
    let mut w = words(line);
    let stamped = syslog_time(line, Some(WallTime(i64::from(i32::MAX) * 1000))).is_some();
    stamped && w.nth(4).is_some_and(|program| program.ends_with(b":"))
}

/// The process id of a line in which a shell says that what it started was killed by signal 9; `Some(None)` when it names
/// none.
///
/// ```text
/// bin/startup.sh: line 140:  4711 Killed                  nohup "$JAVA" ...
/// [1]+  Killed                  nohup java ...
/// ```
#[must_use]
pub fn shell_killed(line: &[u8]) -> Option<Option<u32>> {
    let t = trim(line.get(..4096).unwrap_or(line));
    let (before, command) = cut(t, b" Killed")?;
    if !(command.is_empty() || command.starts_with(b"  ") || command.starts_with(b" (")) {
        return None;
    }
    let before = trim(before);
    if before.starts_with(b"[") {
        return (before.len() <= 8).then_some(None);
    }
    let (_, rest) = cut(before, b": line ")?;
    let (_, pid) = cut(rest, b":")?;
    Some(decimal(trim(pid)).and_then(|n| u32::try_from(n).ok()))
}

/// Reads every process killed. Lines about the same one are one event. `near` is when the text was taken, for stamps that
/// name no year.
#[must_use]
pub fn read(text_: &[u8], near: Option<WallTime>) -> Vec<OomKill> {
    let mut out: Vec<OomKill> = Vec::new();
    let mut limit = None;
    let mut in_group = None;
    for line in lines(text_) {
        let t = trim(line.text);
        if t.len() < 16 {
            continue;
        }
        if find(t, b"invoked oom-killer").is_some() {
            limit = None;
            in_group = None;
        } else if let Some(rest) = after(t, b"memory: usage ") {
            limit = kilobytes(rest, b"limit ");
        } else if let Some(rest) = after(t, b"oom-kill:constraint=") {
            in_group = Some(rest.starts_with(b"CONSTRAINT_MEMCG"));
        } else if let Some((pid, name, rest)) = killed(t) {
            let group = if find(t, b"emory cgroup out of memory").is_some() {
                Some(true)
            } else if find(t, b"Out of memory").is_some() {
                Some(in_group.unwrap_or(false))
            } else {
                in_group
            };
            let kill = OomKill {
                at: line.start,
                time: heading::read(t.get(..40).unwrap_or(t), line.start)
                    .map(|h| h.time)
                    .or_else(|| syslog_time(t, near)),
                since_boot_micros: since_boot(t),
                pid: Some(pid),
                process: Some(text(name, 64)),
                in_group: group,
                total_vm: kilobytes(rest, b"total-vm:"),
                anon_rss: kilobytes(rest, b"anon-rss:"),
                file_rss: kilobytes(rest, b"file-rss:"),
                shmem_rss: kilobytes(rest, b"shmem-rss:"),
                group_limit: limit.take(),
            };
            // Older kernels announce it and give the sizes on the next line.
            if let Some(last) = out.last_mut()
                && last.pid == kill.pid
                && last.total_vm.is_none()
                && kill.total_vm.is_some()
            {
                last.total_vm = kill.total_vm;
                last.anon_rss = kill.anon_rss;
                last.file_rss = kill.file_rss;
                last.shmem_rss = kill.shmem_rss;
            } else if out.len() < MAX_EVENTS {
                out.push(kill);
            }
        }
    }
    out
}

/// Whether a line tells of a container ended for want of memory: `OOMKilled`, exit code 137.
#[must_use]
pub fn is_container_oom(line: &[u8]) -> bool {
    if find(line, b"OOMKilled").is_some() {
        // `"OOMKilled": false` of docker inspect says the opposite.
        return after(line, b"OOMKilled\"")
            .is_none_or(|rest| find(rest.get(..12).unwrap_or(rest), b"true").is_some());
    }
    after(line, b"Exit Code:").is_some_and(|rest| words(rest).next() == Some(b"137"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    const GROUP: &str = "\
[  123.456789] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999
[  123.456790] memory: usage 524288kB, limit 524288kB, failcnt 123
[  123.456791] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=/k,task_memcg=/k,task=java,pid=77,uid=0
[  123.456792] Memory cgroup out of memory: Killed process 77 (java) total-vm:3488232kB, anon-rss:504452kB, file-rss:1716kB, shmem-rss:0kB, UID:0 pgtables:1820kB oom_score_adj:999
";

    #[test]
    fn a_kill_in_a_container_gives_process_sizes_and_limit() {
        let all = read(GROUP.as_bytes(), None);
        assert_eq!(all.len(), 1);
        let k = &all[0];
        assert_eq!(
            (k.pid, k.process.as_deref(), k.in_group),
            (Some(77), Some("java"), Some(true))
        );
        assert_eq!(
            (k.total_vm, k.rss()),
            (Some(3_488_232 * 1024), Some(506_168 * 1024))
        );
        assert_eq!(
            (k.group_limit, k.since_boot_micros),
            (Some(512 << 20), Some(123_456_792))
        );
        assert!(GROUP.lines().filter(|l| is_oom_line(l.as_bytes())).count() == 3);
    }

    #[test]
    fn a_kill_of_the_machine_in_the_old_wording_is_one_event() {
        let all = read(
            b"2026-11-22T13:07:50.123456+08:00 host kernel: Out of memory: Kill process 77 (java) score 912 or sacrifice child\n\
              2026-11-22T13:07:50.123999+08:00 host kernel: Killed process 77 (java) total-vm:100kB, anon-rss:60kB, file-rss:4kB\n\
              Nov 22 13:07:51 host kernel: [  5.000001] Out of memory: Killed process 78 (java) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB\n",
            None,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].in_group, all[0].rss()),
            (Some(false), Some(64 * 1024))
        );
        assert_eq!(all[0].time.unwrap().local(), "2026-11-22 13:07:50");
        assert_eq!(
            (all[1].pid, all[1].since_boot_micros, all[1].time),
            (Some(78), Some(5_000_001), None)
        );
    }

    #[test]
    fn containers_ended_for_want_of_memory_are_known() {
        assert!(is_container_oom(b"      Reason:       OOMKilled"));
        assert!(is_container_oom(b"      Exit Code:    137"));
        assert!(is_container_oom(b"            \"OOMKilled\": true,"));
        assert!(!is_container_oom(b"            \"OOMKilled\": false,"));
        assert!(!is_container_oom(b"      Exit Code:    1"));
    }

    #[test]
    fn a_stamp_without_a_year_is_of_the_last_one_before_the_text_was_taken() {
        let line = b"Dec 31 23:59:58 host kernel: Out of memory: Killed process 78 (java) total-vm:9kB, anon-rss:8kB\n";
        let at = |near: &str| read(line, WallTime::parse(near))[0].time.unwrap().local();
        assert_eq!(at("2026-01-01 00:10:00"), "2025-12-31 23:59:58");
        assert_eq!(at("2026-12-31 23:59:59"), "2026-12-31 23:59:58");
    }

    #[test]
    fn lines_of_the_kernel_and_of_syslog_are_told_from_others() {
        for line in [
            "[    0.000000] Linux version 6.1.0",
            "[Sun Nov 22 13:07:50 2026] usb 1-1: new device",
            "Nov 22 13:07:50 host kernel: usb 1-1: new device",
            "2026-11-22T13:07:50+08:00 host kernel: usb 1-1: new device",
        ] {
            assert!(is_kernel_line(line.as_bytes()), "{line}");
        }
        for line in [
            "[INFO] something",
            "[1] 2345",
            "the kernel: says nothing",
            "2026-11-22 13:07:50,123 INFO the kernel: x",
        ] {
            assert!(!is_kernel_line(line.as_bytes()), "{line}");
        }
        assert!(is_syslog_line(
            b"Nov 22 13:07:50 host sshd[12]: Accepted publickey"
        ));
        assert!(!is_syslog_line(b"Nov 22 was a day like any other: calm"));
    }

    #[test]
    fn a_shell_tells_that_its_child_was_killed() {
        let bash =
            b"bin/startup.sh: line 140:  4711 Killed                  nohup \"$JAVA\" -Xmx1g";
        assert_eq!(shell_killed(bash), Some(Some(4711)));
        assert_eq!(
            shell_killed(b"[1]+  Killed                  nohup java -jar x.jar"),
            Some(None)
        );
        assert_eq!(shell_killed(b"2026-11-22 INFO Killed by mistake"), None);
        assert_eq!(shell_killed(b"x: line 3: nothing"), None);
    }

    #[test]
    fn other_lines_are_none() {
        assert!(
            read(
                b"Killed process\nKilled process 99999999999 (java)\nKilled process 7 java\n",
                None
            )
            .is_empty()
        );
        torment(GROUP.as_bytes(), |b| {
            let _ = read(b, None);
            let _ = (is_oom_line(b), is_container_oom(b));
            let _ = (is_kernel_line(b), is_syslog_line(b), shell_killed(b));
        });
    }
}
