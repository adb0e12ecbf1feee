//! `gomalloc stats PID`: the figures of a running process, once.

use core::time::Duration;
use std::io::{self, Write};

use crate::args::StatsArguments;
use crate::attach::{Target, View};
use crate::error::Failure;
use crate::output;
use crate::record::Snapshot;
use crate::report::{self, Rows};
use crate::units::{Count, Time};

/// Looks once and prints.
pub(crate) fn stats(arguments: &StatsArguments) -> Result<(), Failure> {
    let view = Target::find(arguments.pid)?.look();
    if arguments.json {
        return output::print_json(&view);
    }
    let rows = if arguments.all_classes {
        Rows::All
    } else {
        Rows::Busiest
    };
    let mut text = Vec::new();
    write(&mut text, &view, rows).map_err(|error| Failure::other(error.to_string()))?;
    output::print(&text)
}

fn write(to: &mut dyn Write, view: &View, rows: Rows) -> io::Result<()> {
    writeln!(to, "{}", head(view))?;
    report::write_figures(to, &view.total, rows)
}

/// `redis-server (pid 4711): up 2 min 03 s, refreshed 12.0 ms ago`.
pub(crate) fn head(view: &View) -> String {
    let since = |then: u64| Time(Duration::from_nanos(view.now_ns.saturating_sub(then)));
    match view.processes.as_slice() {
        [process] if process.pid == view.pid => {
            let Snapshot {
                name,
                pid,
                started_ns,
                updated_ns,
                ..
            } = process;
            format!(
                "{name} (pid {pid}): up {}, refreshed {} ago",
                since(*started_ns),
                since(*updated_ns)
            )
        }
        processes => {
            let refreshed = processes
                .iter()
                .map(|process| process.updated_ns)
                .max()
                .unwrap_or(view.now_ns);
            let count = Count(processes.len() as u64);
            format!(
                "run {}: {count} programs so far, refreshed {} ago",
                view.pid,
                since(refreshed)
            )
        }
    }
}
