//! What a file on disk is, as far as preloading is concerned.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::read::{FileKind, ReadCache, ReadRef, SectionIndex, StringTable};
use object::{Endianness, elf};

/// The kernel reads no more of a `#!` line.
const LINE_BYTES: usize = 256;

/// The flag in `DT_FLAGS_1` that tells a position-independent program from a library.
const DF_1_PIE: u64 = 0x0800_0000;

/// What `exec` would make of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Machine code.
    Elf(Image),
    /// A script that names the program that runs it: `#!`.
    Script { interpreter: PathBuf },
    /// Neither: `env` and the shells hand it to `/bin/sh`.
    Other,
}

/// What the head and the dynamic section of an ELF file say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) is_64: bool,
    pub(crate) machine: u16,
    /// A library: a shared object that is not a position-independent program.
    pub(crate) is_library: bool,
    /// The dynamic loader it asks for; none: statically linked.
    pub(crate) loader: Option<PathBuf>,
    /// The dynamic loader itself, run as a program.
    pub(crate) is_loader: bool,
    /// Its dynamic symbols define `malloc`: everyone in the process gets that one.
    pub(crate) exports_malloc: bool,
    /// The libraries it names.
    pub(crate) needs: Vec<OsString>,
}

/// Reads what the file at `path` is. Errors are the file's; a damaged ELF file is an error, too.
pub(crate) fn read(path: &Path) -> io::Result<Kind> {
    let mut file = File::open(path)?;
    // At once: a vector that grows would be read into piece by piece.
    let mut head = Vec::with_capacity(LINE_BYTES);
    file.by_ref()
        .take(LINE_BYTES as u64)
        .read_to_end(&mut head)?;
    if let Some(line) = head.strip_prefix(b"#!") {
        return Ok(
            interpreter(line).map_or(Kind::Other, |interpreter| Kind::Script { interpreter })
        );
    }
    if !head.starts_with(b"\x7fELF") {
        return Ok(Kind::Other);
    }
    file.rewind()?;
    let data = ReadCache::new(file);
    let image = match FileKind::parse(&data) {
        Ok(FileKind::Elf64) => image::<elf::FileHeader64<Endianness>, _>(&data),
        Ok(_) => image::<elf::FileHeader32<Endianness>, _>(&data),
        Err(error) => Err(error),
    };
    image.map(Kind::Elf).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("damaged ELF file: {error}"),
        )
    })
}

/// The first word after `#!`.
fn interpreter(line: &[u8]) -> Option<PathBuf> {
    let line = line.split(|&byte| byte == b'\n').next()?;
    let mut words = line
        .split(|byte| matches!(byte, b' ' | b'\t' | 0))
        .filter(|word| !word.is_empty());
    words
        .next()
        .map(|word| PathBuf::from(OsStr::from_bytes(word)))
}

fn image<'data, Elf, R>(data: R) -> object::Result<Image>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    let mut image = Image {
        is_64: header.is_class_64(),
        machine: header.e_machine(endian).0,
        is_library: header.e_type(endian) == elf::ET_DYN,
        ..Image::default()
    };
    for segment in header.program_headers(endian, data)? {
        if let Some(loader) = segment.interpreter(endian, data)? {
            image.loader = Some(PathBuf::from(OsStr::from_bytes(loader)));
        }
    }
    // A program without section heads runs all the same; nothing is known of its symbols then.
    let Ok(sections) = header.sections(endian, data) else {
        return Ok(image);
    };
    // Each section in one piece: looking up names one by one would be two system calls for every name.
    let section_strings = |index: SectionIndex| -> object::Result<StringTable<'data>> {
        let bytes = sections.section(index)?.data(endian, data)?;
        Ok(StringTable::new(bytes, 0, bytes.len() as u64))
    };
    if let Some((dynamics, strings)) = sections.dynamic(endian, data)? {
        let strings = section_strings(strings)?;
        for entry in dynamics
            .iter()
            .take_while(|entry| entry.d_tag(endian) != elf::DT_NULL)
        {
            read_dynamic(
                &mut image,
                entry.d_tag(endian),
                entry.d_val(endian).into(),
                &strings,
            );
        }
    }
    for section in sections
        .iter()
        .filter(|section| section.sh_type(endian) == elf::SHT_DYNSYM)
    {
        let symbols = section.data_as_array::<Elf::Sym, _>(endian, data)?;
        let strings = section_strings(section.link(endian))?;
        image.exports_malloc |= symbols.iter().any(|symbol| {
            !symbol.is_undefined(endian)
                && symbol.st_bind() != elf::STB_LOCAL
                && strings.get(symbol.st_name(endian)) == Ok(b"malloc")
        });
    }
    Ok(image)
}

fn read_dynamic(image: &mut Image, tag: elf::DynamicTag, value: u64, strings: &StringTable<'_>) {
    // A name outside the table is one that we do not know.
    let name = || {
        u32::try_from(value)
            .ok()
            .and_then(|offset| strings.get(offset).ok())
            .unwrap_or_default()
    };
    match tag {
        elf::DT_NEEDED => image.needs.push(OsString::from_vec(name().to_vec())),
        elf::DT_FLAGS_1 => image.is_library &= value & DF_1_PIE == 0,
        elf::DT_SONAME => image.is_loader = name().starts_with(b"ld"),
        _ => {}
    }
}

impl Image {
    /// Whether `library` can be loaded into a process of this program; otherwise why not.
    pub(crate) fn accepts(&self, library: &Image) -> Result<(), String> {
        let Some(loader) = &self.loader else {
            if self.is_loader {
                return Ok(());
            }
            return Err("statically linked: preloading cannot work".to_owned());
        };
        if (self.is_64, self.machine) != (library.is_64, library.machine) {
            let (own, other) = (self.describe(), library.describe());
            return Err(format!(
                "a program for {own}, but the library is for {other}: preloading cannot work"
            ));
        }
        let is_musl = loader.to_string_lossy().contains("ld-musl");
        if is_musl && library.needs.iter().any(|name| name == "libc.so.6") {
            return Err(
                "linked with musl, but the library with glibc: preloading cannot work".to_owned(),
            );
        }
        Ok(())
    }

    fn describe(&self) -> String {
        let bits = if self.is_64 { 64 } else { 32 };
        match elf::Machine(self.machine) {
            elf::EM_X86_64 if self.is_64 => "x86-64".to_owned(),
            elf::EM_X86_64 => "x32".to_owned(),
            elf::EM_386 => "i386".to_owned(),
            elf::EM_AARCH64 => "aarch64".to_owned(),
            elf::EM_ARM => "32-bit ARM".to_owned(),
            elf::EM_RISCV => format!("riscv{bits}"),
            elf::Machine(number) => format!("{bits}-bit machine {number}"),
        }
    }
}

#[cfg(test)]
mod tests;
