//! The environment variable `GOMALLOC`, read once at start-up without allocating.
//!
//! The environment is the process's; at the first allocation hardly anybody can be changing it.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "reads the environment through C, which std would copy"
    )
)]
use super::Settings;

/// `settings` as the environment overrules them. What is wrong with the variable is said on standard
/// error, a line an item. A set-user-id program is not its caller's to configure: there the variable
/// does not count.
#[cfg(unix)]
pub(crate) fn overruled_by_environment(mut settings: Settings) -> Settings {
    // SAFETY: the name ends with a zero. The text is read at once, below, and not kept.
    let text = unsafe { libc::getenv(c"GOMALLOC".as_ptr()) };
    if text.is_null() || is_privileged() {
        return settings;
    }
    // SAFETY: not null, so a string of the environment, which ends with a zero.
    let text = unsafe { core::ffi::CStr::from_ptr(text) };
    super::parse::apply(text.to_bytes(), &mut settings, |problem| {
        let parts = [
            b"GOMALLOC: ",
            problem.item,
            b": ",
            problem.expected.as_bytes(),
        ];
        sync::warn(&parts);
    });
    settings
}

/// Elsewhere there is no environment that can be read without allocating.
#[cfg(not(unix))]
pub(crate) fn overruled_by_environment(settings: Settings) -> Settings {
    settings
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_privileged() -> bool {
    // SAFETY: asks for a number that the kernel gave the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn is_privileged() -> bool {
    // SAFETY: these calls only tell the process's ids.
    let (user, effective_user) = unsafe { (libc::getuid(), libc::geteuid()) };
    // SAFETY: as above.
    let (group, effective_group) = unsafe { (libc::getgid(), libc::getegid()) };
    user != effective_user || group != effective_group
}
