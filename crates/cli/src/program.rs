//! Which file a program's name stands for, and whether the library can be preloaded into it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::elf::{self, Image, Kind};
use crate::error::Failure;
use crate::library::Library;
use crate::privilege;

/// What `execvp` searches when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";
/// Scripts whose interpreters are scripts: the kernel gives up at this depth.
const SCRIPT_DEPTH: u32 = 5;
/// Runs what is executable but neither machine code nor a script with a `#!` line.
const SHELL: &str = "/bin/sh";

/// A program that can be run.
#[derive(Debug)]
pub(crate) struct Program {
    /// As the user wrote it: what the program sees as its own name.
    name: OsString,
    path: PathBuf,
    /// Neither ELF nor `#!`: to be run by [`SHELL`].
    needs_shell: bool,
    /// The machine code that will run (a script's interpreter); none where we may not read it.
    image: Option<Image>,
}

impl Program {
    /// Finds `name` as `execvp` would, and reads what it is.
    pub(crate) fn find(name: &OsStr) -> Result<Self, Failure> {
        let path = search(name)?;
        let mut program = Program {
            name: name.to_owned(),
            path: path.clone(),
            needs_shell: false,
            image: None,
        };
        program.inspect(&path, 0)?;
        Ok(program)
    }

    fn inspect(&mut self, path: &Path, depth: u32) -> Result<(), Failure> {
        if let Some(why) = privilege::gained(path) {
            let why = format!("{why}: the loader ignores LD_PRELOAD there, preloading cannot work");
            // On a script these bits mean nothing.
            if !matches!(elf::read(path), Ok(Kind::Script { .. } | Kind::Other)) {
                return Err(self.cannot(path, why));
            }
        }
        match elf::read(path) {
            Ok(Kind::Elf(image)) => self.image = Some(image),
            Ok(Kind::Script { .. }) if depth == SCRIPT_DEPTH => {
                return Err(self.cannot(path, "too many scripts that run scripts"));
            }
            Ok(Kind::Script { interpreter }) => {
                if let Err(error) = executable(&interpreter) {
                    let why = format!(
                        "its interpreter {}: {}",
                        interpreter.display(),
                        reason(&error)
                    );
                    let failure = if is_missing(&error) {
                        Failure::not_found
                    } else {
                        Failure::cannot_run
                    };
                    return Err(failure(&self.path, why));
                }
                return self.inspect(&interpreter, depth + 1);
            }
            Ok(Kind::Other) if depth == 0 => {
                self.needs_shell = true;
                return self.inspect(Path::new(SHELL), 1);
            }
            Ok(Kind::Other) => return Err(self.cannot(path, "not a program")),
            // Executable, but not readable for us: the loader will tell.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(self.cannot(path, error)),
        }
        Ok(())
    }

    /// Fails where `library` cannot be preloaded.
    pub(crate) fn check(&self, library: &Library) -> Result<(), Failure> {
        let Some(image) = &self.image else {
            return Ok(());
        };
        image
            .accepts(library.image())
            .map_err(|why| Failure::cannot_run(&self.path, why))
    }

    /// The program takes its own `malloc` before any preloaded one.
    pub(crate) fn has_own_malloc(&self) -> bool {
        self.image
            .as_ref()
            .is_some_and(|image| image.exports_malloc)
    }

    /// As the user wrote it.
    pub(crate) fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// A command that runs the program with `arguments`.
    pub(crate) fn command(&self, arguments: &[OsString]) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = if self.needs_shell {
            let mut shell = Command::new(SHELL);
            shell.arg(&self.path);
            shell
        } else {
            let mut command = Command::new(&self.path);
            command.arg0(&self.name);
            command
        };
        command.args(arguments);
        command
    }

    /// A failure that names the interpreter, too, where that is what fails.
    fn cannot(&self, path: &Path, why: impl core::fmt::Display) -> Failure {
        if path == self.path {
            return Failure::cannot_run(path, why);
        }
        Failure::cannot_run(
            &self.path,
            format!("its interpreter {}: {why}", path.display()),
        )
    }
}

/// A name with a slash is a path; any other is looked for in `PATH`.
fn search(name: &OsStr) -> Result<PathBuf, Failure> {
    let path = Path::new(name);
    if name.as_bytes().contains(&b'/') {
        return match executable(path) {
            Ok(()) => Ok(path.to_owned()),
            Err(error) if is_missing(&error) => Err(Failure::not_found(path, reason(&error))),
            Err(error) => Err(Failure::cannot_run(path, reason(&error))),
        };
    }
    let mut unusable = None;
    let directories = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    for directory in env::split_paths(&directories) {
        // An empty entry is the current directory.
        let candidate = if directory.as_os_str().is_empty() {
            Path::new(".").join(name)
        } else {
            directory.join(name)
        };
        match executable(&candidate) {
            Ok(()) if !name.is_empty() => return Ok(candidate),
            Err(error) if !is_missing(&error) && candidate.is_file() => {
                unusable.get_or_insert_with(|| Failure::cannot_run(&candidate, reason(&error)));
            }
            _ => {}
        }
    }
    Err(unusable.unwrap_or_else(|| Failure::not_found(path, "not found in PATH")))
}

fn executable(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)?)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "not found".to_owned(),
        io::ErrorKind::PermissionDenied => "not executable".to_owned(),
        io::ErrorKind::IsADirectory => "a directory, not a program".to_owned(),
        _ => error.to_string(),
    }
}
