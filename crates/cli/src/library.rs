//! Finding `libgomalloc.so`, and what the dynamic loader asks of its name.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::elf::{self, Image, Kind};
use crate::error::Failure;

/// The library's file name.
const NAME: &str = "libgomalloc.so";
/// Names the library's file where it lies elsewhere.
const VARIABLE: &str = "GOMALLOC_LIBRARY";

/// The library to preload.
#[derive(Debug)]
pub(crate) struct Library {
    path: PathBuf,
    image: Image,
}

impl Library {
    /// `--library`, else `GOMALLOC_LIBRARY`, else the first of: beside this command, `../lib`, and, where
    /// this command lies in a Cargo target directory, the other profiles' folders there.
    pub(crate) fn find(option: Option<&Path>) -> Result<Self, Failure> {
        let named = option.map(Path::to_owned).or_else(|| {
            env::var_os(VARIABLE)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        });
        let places = named.map_or_else(places, |path| vec![path]);
        let Some(found) = places.iter().find(|place| place.is_file()) else {
            return Err(Failure::no_library(&places));
        };
        Self::open(found)
    }

    /// Opens any library that is to be preloaded.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format!("{}: {why}", path.display()));
        // The program may start elsewhere: the name must hold from every directory.
        let path = fs::canonicalize(path).map_err(|error| wrong(&error.to_string()))?;
        let image = match elf::read(&path) {
            Ok(Kind::Elf(image)) if image.is_library => image,
            Ok(_) => return Err(wrong("not a shared library")),
            Err(error) => return Err(wrong(&error.to_string())),
        };
        if path
            .as_os_str()
            .as_bytes()
            .iter()
            .any(|byte| matches!(byte, b' ' | b':'))
        {
            return Err(wrong(
                "LD_PRELOAD cannot carry a name with a space or a colon",
            ));
        }
        Ok(Library { path, image })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// The value of `LD_PRELOAD`: this library, then whatever is preloaded already. First, because the
    /// loader takes the first `malloc` it finds and the caller asked for this one; what else is preloaded
    /// keeps its order and its effect.
    pub(crate) fn preload(&self, present: Option<&OsStr>) -> OsString {
        let mut value = self.path.as_os_str().to_owned();
        let present = present.unwrap_or_default().as_bytes();
        for entry in present.split(|byte| matches!(byte, b' ' | b':')) {
            if !entry.is_empty() && entry != self.path.as_os_str().as_bytes() {
                value.push(":");
                value.push(OsStr::from_bytes(entry));
            }
        }
        value
    }
}

fn places() -> Vec<PathBuf> {
    let Ok(command) = env::current_exe() else {
        return vec![PathBuf::from(NAME)];
    };
    let beside = command.parent().unwrap_or(Path::new("/"));
    let above = beside.parent().unwrap_or(Path::new("/"));
    let mut places = vec![beside.join(NAME), above.join("lib").join(NAME)];
    // Cargo marks its target directory with this file.
    if above.join("CACHEDIR.TAG").is_file() {
        places.extend(["release", "debug"].map(|profile| above.join(profile).join(NAME)));
        places.dedup();
    }
    let mut unique = Vec::new();
    places.retain(|place| {
        let new = !unique.contains(place);
        unique.push(place.clone());
        new
    });
    places
}

#[cfg(test)]
mod tests;
