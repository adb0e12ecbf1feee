//! Whether the kernel would start a program with more rights than ours: the loader then ignores `LD_PRELOAD`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, getxattr, statvfs};
use rustix::process::{getgid, getuid};

/// Set-user-id, set-group-id, and "the group may execute", without which the second means nothing.
const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;
const GROUP_EXECUTES: u32 = 0o010;

/// Why the program at `path` runs with rights that we lack; none when it does not.
///
/// The kernel's rule (`cap_bprm_creds_from_file`): the effective user or group would differ from our real one,
/// or a user other than root gains capabilities from the file. Neither happens on a file system mounted
/// `nosuid` or under `no_new_privs`.
pub(crate) fn gained(path: &Path) -> Option<&'static str> {
    let metadata = fs::metadata(path).ok()?;
    let mode = metadata.mode();
    let reason = if mode & SET_UID != 0 && metadata.uid() != getuid().as_raw() {
        "set-uid"
    } else if mode & SET_GID != 0
        && mode & GROUP_EXECUTES != 0
        && metadata.gid() != getgid().as_raw()
    {
        "set-gid"
    } else if !getuid().is_root() && has_capabilities(path) {
        "given file capabilities"
    } else {
        return None;
    };
    (!is_powerless(path)).then_some(reason)
}

fn has_capabilities(path: &Path) -> bool {
    let mut value = [0_u8; 64];
    getxattr(path, "security.capability", &mut value[..]).is_ok()
}

fn is_powerless(path: &Path) -> bool {
    let nosuid =
        statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::NOSUID));
    nosuid || rustix::thread::no_new_privs().unwrap_or(false)
}
