//! `gomalloc top PID`: the figures of a running process, again and again.
//!
//! On a terminal a screen that is redrawn; elsewhere one block, or one line of JSON, after another.

use core::time::Duration;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::args::TopArguments;
use crate::attach::{Target, View};
use crate::error::Failure;
use crate::record::BySize;
use crate::table::Table;
use crate::units::{Bytes, Count, as_float};
use crate::{output, report, stats};

mod screen;

use screen::{Screen, Wait};

/// Rows of classes where nothing says how many fit.
const ROWS: usize = 12;
/// Lines above the rows: head, three of sums, rates, an empty one, the columns' heads.
const HEAD_LINES: usize = 7;

/// Looks and prints until the process ends, the count is reached, or somebody presses `q`.
pub(crate) fn top(arguments: &TopArguments) -> Result<(), Failure> {
    let mut view = Target::find(arguments.pid)?.look();
    let mut before = None;
    let mut screen = None;
    if !arguments.json && io::stdout().is_terminal() {
        screen =
            Some(Screen::enter().map_err(|error| Failure::other(format!("terminal: {error}")))?);
    }
    let waits = Wait::new().map_err(|error| Failure::other(format!("signals: {error}")))?;
    let mut left = arguments.count.unwrap_or(u64::MAX);
    loop {
        let rates = Rates::between(before.as_ref(), &view);
        match &screen {
            Some(screen) => screen.draw(&text(
                &view,
                before.as_ref(),
                rates.as_ref(),
                screen.rows() - HEAD_LINES,
            )),
            None if arguments.json => output::print(&json_line(&view, rates.as_ref())?),
            None => output::print(
                &(text(&view, before.as_ref(), rates.as_ref(), ROWS) + "\n").into_bytes(),
            ),
        }?;
        left -= 1;
        if left == 0 || waits.is_over(Duration::from_secs_f64(arguments.interval)) {
            return Ok(());
        }
        // Looked up anew: a program that has called `exec` has a new record.
        let Ok(target) = Target::find(arguments.pid) else {
            drop(screen);
            // Nobody reads it when standard error is closed.
            let _ = writeln!(
                io::stderr(),
                "gomalloc: process {} has ended",
                arguments.pid
            );
            return Ok(());
        };
        before = Some(core::mem::replace(&mut view, target.look()));
    }
}

/// What happened a second between two looks.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rates {
    mallocs_per_second: f64,
    frees_per_second: f64,
}

impl Rates {
    fn between(before: Option<&View>, now: &View) -> Option<Self> {
        let before = before?;
        Some(Rates {
            mallocs_per_second: rate(before, now, before.total.mallocs, now.total.mallocs),
            frees_per_second: rate(before, now, before.total.frees, now.total.frees),
        })
    }
}

/// A counter's growth a second; 0 where it went back, because another program is counted now.
fn rate(before: &View, now: &View, then: u64, count: u64) -> f64 {
    let seconds = Duration::from_nanos(now.now_ns.saturating_sub(before.now_ns)).as_secs_f64();
    as_float(count.saturating_sub(then)) / seconds.max(1e-9)
}

fn json_line(view: &View, rates: Option<&Rates>) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        view: &'a View,
        #[serde(flatten)]
        rates: Option<&'a Rates>,
    }
    let mut line = serde_json::to_vec(&Line { view, rates })
        .map_err(|error| Failure::other(format!("JSON: {error}")))?;
    line.push(b'\n');
    Ok(line)
}

fn text(view: &View, before: Option<&View>, rates: Option<&Rates>, rows: usize) -> String {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut text, view, before, rates, rows);
    String::from_utf8_lossy(&text).into_owned()
}

fn write(
    to: &mut dyn Write,
    view: &View,
    before: Option<&View>,
    rates: Option<&Rates>,
    rows: usize,
) -> io::Result<()> {
    writeln!(to, "{}", stats::head(view))?;
    report::write_sums(to, &view.total)?;
    match rates {
        Some(rates) => {
            let (mallocs, frees) = (
                whole(rates.mallocs_per_second),
                whole(rates.frees_per_second),
            );
            writeln!(to, "  {mallocs} mallocs/s, {frees} frees/s")?;
        }
        None => writeln!(to)?,
    }
    writeln!(to)?;
    let mut table = Table::new([
        "size",
        "live bytes",
        "live",
        "mallocs/s",
        "frees/s",
        "mallocs",
    ]);
    for row in largest(&view.total.by_size, rows) {
        let then = before.and_then(|before| {
            let same = |old: &&BySize| old.size == row.size;
            Some((before, *before.total.by_size.iter().find(same)?))
        });
        let per_second = |field: fn(&BySize) -> u64| {
            let rate = then.map(|(before, old)| rate(before, view, field(&old), field(&row)));
            rate.map_or_else(String::new, |rate| whole(rate).to_string())
        };
        table.row([
            Count(row.size).to_string(),
            Bytes(row.size.saturating_mul(row.live)).to_string(),
            Count(row.live).to_string(),
            per_second(|row| row.mallocs),
            per_second(|row| row.frees),
            Count(row.mallocs).to_string(),
        ]);
    }
    write!(to, "{table}")
}

/// The classes that hold most, the largest first.
fn largest(by_size: &[BySize], rows: usize) -> Vec<BySize> {
    let mut rows_by_bytes = by_size.to_vec();
    rows_by_bytes
        .sort_by_key(|row| core::cmp::Reverse((row.size.saturating_mul(row.live), row.mallocs)));
    rows_by_bytes.truncate(rows);
    rows_by_bytes
}

/// A rate as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no rate is negative, and a cast saturates"
)]
fn whole(rate: f64) -> Count {
    Count(rate.round() as u64)
}
