//! `key=value,…`: the text of the environment variable, parsed without allocating.
//!
//! Pure functions over bytes. What is wrong is reported and left out; the rest counts.
use super::{Scavenger, Settings};

/// What is wrong with one item: the item, and what was expected instead.
pub(crate) struct Problem<'a> {
    pub(crate) item: &'a [u8],
    pub(crate) expected: &'static str,
}

const KEYS: &str = "expected hard_limit, soft_limit, decay_ms or scavenger";
const SIZE: &str = "expected a size such as 268435456, 256MiB or 2GiB, or off";
const MILLISECONDS: &str = "expected milliseconds up to 4294967295";
const WHO: &str = "expected inline or thread";

/// Applies `text` to `settings`, item by item; the last of equal keys counts. Spaces around items,
/// keys and values and empty items are passed over.
pub(crate) fn apply<'a>(
    text: &'a [u8],
    settings: &mut Settings,
    mut report: impl FnMut(Problem<'a>),
) {
    for item in text.split(|&byte| byte == b',') {
        let item = item.trim_ascii();
        if item.is_empty() {
            continue;
        }
        if let Err(expected) = apply_item(item, settings) {
            report(Problem { item, expected });
        }
    }
}

fn apply_item(item: &[u8], settings: &mut Settings) -> Result<(), &'static str> {
    let at = item.iter().position(|&byte| byte == b'=').ok_or(KEYS)?;
    let (key, value) = (item[..at].trim_ascii(), item[at + 1..].trim_ascii());
    match key {
        b"hard_limit" => settings.hard_limit = limit(value)?,
        b"soft_limit" => settings.soft_limit = limit(value)?,
        b"decay_ms" => {
            let number = number(value).ok_or(MILLISECONDS)?;
            settings.decay_ms = u32::try_from(number).map_err(|_| MILLISECONDS)?;
        }
        b"scavenger" => {
            settings.scavenger = match value {
                b"inline" => Scavenger::Inline,
                b"thread" => Scavenger::Thread,
                _ => return Err(WHO),
            }
        }
        _ => return Err(KEYS),
    }
    Ok(())
}

/// Bytes, with Go's units (`GOMEMLIMIT`): B, KiB, MiB, GiB, TiB, or none. `off` is no limit.
fn limit(value: &[u8]) -> Result<Option<usize>, &'static str> {
    if value == b"off" {
        return Ok(None);
    }
    let digits = value
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let shift = match &value[digits..] {
        b"" | b"B" => 0,
        b"KiB" => 10,
        b"MiB" => 20,
        b"GiB" => 30,
        b"TiB" => 40,
        _ => return Err(SIZE),
    };
    let number = number(&value[..digits]).ok_or(SIZE)?;
    let bytes = number.checked_mul(1_u64 << shift).ok_or(SIZE)?;
    usize::try_from(bytes).map(Some).map_err(|_| SIZE)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
