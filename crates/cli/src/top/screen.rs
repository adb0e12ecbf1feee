//! A terminal that is drawn on, and the wait between two drawings.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, IsTerminal, stdin, stdout};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

use crate::error::Failure;
use crate::output;

/// The other screen, and no cursor; at the end back to what was there.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l";
const LEAVE: &[u8] = b"\x1b[?25h\x1b[?1049l";
/// To the corner; what follows overwrites what is there, so that nothing flickers.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// A terminal in use; as it was again when dropped.
#[derive(Debug)]
pub(super) struct Screen {
    /// How standard input was; none: it is no terminal.
    saved: Option<Termios>,
}

impl Screen {
    pub(super) fn enter() -> io::Result<Self> {
        let saved = stdin()
            .is_terminal()
            .then(|| tcgetattr(stdin()))
            .transpose()?;
        if let Some(saved) = &saved {
            let mut keys = saved.clone();
            // Keys at once and unseen. No stop key: the shell would get a screen that is not its own.
            keys.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
            tcsetattr(stdin(), OptionalActions::Now, &keys)?;
        }
        let screen = Screen { saved };
        // A closed terminal is noticed by the first drawing.
        let _ = output::print(ENTER);
        Ok(screen)
    }

    /// Lines that fit.
    pub(super) fn rows(&self) -> usize {
        self.size().0.max(super::HEAD_LINES + 1)
    }

    fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(stdout())
            .ok()
            .filter(|size| size.ws_row != 0 && size.ws_col != 0);
        size.map_or((24, 80), |size| (size.ws_row.into(), size.ws_col.into()))
    }

    /// Shows `text`, cut to what fits.
    pub(super) fn draw(&self, text: &str) -> Result<(), Failure> {
        let (rows, columns) = self.size();
        let mut frame = String::from(HOME);
        for (index, line) in text.lines().take(rows).enumerate() {
            if index != 0 {
                frame.push_str("\r\n");
            }
            frame.extend(line.chars().take(columns));
            frame.push_str(CLEAR_LINE);
        }
        frame.push_str(CLEAR_BELOW);
        output::print(frame.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nothing to be done for a terminal that has gone away.
        let _ = output::print(LEAVE);
        if let Some(saved) = &self.saved {
            let _ = tcsetattr(stdin(), OptionalActions::Now, saved);
        }
    }
}

/// Waits that a key or a signal ends.
#[derive(Debug)]
pub(super) struct Wait {
    over: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
}

impl Wait {
    pub(super) fn new() -> io::Result<Self> {
        let wait = Wait {
            over: Arc::default(),
            resized: Arc::default(),
        };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::clone(&wait.over))?;
        }
        signal_hook::flag::register(SIGWINCH, Arc::clone(&wait.resized))?;
        Ok(wait)
    }

    /// Waits until it is time to look again; true: it is time to stop.
    pub(super) fn is_over(&self, interval: Duration) -> bool {
        let end = Instant::now() + interval;
        // What comes out of a pipe is no key.
        let mut has_keys = stdin().is_terminal();
        loop {
            if self.over.load(Ordering::Relaxed) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.resized.swap(false, Ordering::Relaxed) {
                return false;
            }
            match wait_for_key(has_keys, left) {
                Key::Quit => return true,
                Key::End => has_keys = false,
                Key::Other => {}
            }
        }
    }
}

enum Key {
    Quit,
    /// There will be none any more.
    End,
    Other,
}

/// Waits for a key, a signal, or until the time is up.
fn wait_for_key(has_keys: bool, left: Duration) -> Key {
    let input = stdin();
    let mut polled = [PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN)];
    let polled = if has_keys { &mut polled[..] } else { &mut [] };
    let timeout = Timespec::try_from(left).ok();
    // An error is a signal: the caller looks at the flags.
    if !matches!(poll(polled, timeout.as_ref()), Ok(1..)) {
        return Key::Other;
    }
    let mut key = [0_u8; 16];
    match rustix::io::read(input, &mut key) {
        Ok(0) | Err(_) => Key::End,
        Ok(length) if key[..length].contains(&b'q') => Key::Quit,
        Ok(_) => Key::Other,
    }
}
