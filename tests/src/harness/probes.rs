//! Probes seen from outside: what the kernel has written over the code of a process.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use anyhow::{Context as _, Result};

/// Number of bytes in which the mapped code of a library differs from its file: one or more per
/// probe, none without probes.
///
/// # Errors
/// If the process has not mapped such a library, or is gone.
pub fn patched_bytes(pid: u32, library: &str) -> Result<usize> {
    let memory =
        File::open(format!("/proc/{pid}/mem")).context("cannot read the memory of the client")?;
    let mut patched = 0;
    for code in mapped_code(pid, library)? {
        let (mut mapped, mut file) = (vec![0; code.length], vec![0; code.length]);
        memory
            .read_exact_at(&mut mapped, code.start)
            .context("cannot read the code of the client")?;
        let path = format!(
            "/proc/{pid}/map_files/{:x}-{:x}",
            code.start,
            code.start + code.length as u64
        );
        let read = File::open(path)?.read_at(&mut file, code.offset)?;
        // Beyond the file's end the last page holds zeros.
        patched += mapped
            .iter()
            .zip(&file)
            .take(read)
            .filter(|(memory, file)| memory != file)
            .count();
    }
    Ok(patched)
}

/// The file of a library that a process has mapped.
///
/// # Errors
/// If it has mapped none of that name.
pub fn mapped_path(pid: u32, library: &str) -> Result<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let line = maps
        .lines()
        .find(|line| line.contains(library))
        .context("the library is not mapped")?;
    Ok(line
        .split_whitespace()
        .nth(5)
        .context("the mapping has no file")?
        .to_owned())
}

struct Code {
    start: u64,
    length: usize,
    offset: u64,
}

fn mapped_code(pid: u32, library: &str) -> Result<Vec<Code>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let code: Option<Vec<Code>> = maps
        .lines()
        .filter(|line| line.contains(library) && line.contains(" r-xp "))
        .map(parse)
        .collect();
    code.filter(|code| !code.is_empty())
        .with_context(|| format!("{library} is not mapped in {pid}"))
}

/// `START-END r-xp OFFSET …`, all hexadecimal.
fn parse(line: &str) -> Option<Code> {
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let (start, offset) = (hex(start)?, hex(words.nth(1)?)?);
    Some(Code {
        start,
        length: usize::try_from(hex(end)? - start).ok()?,
        offset,
    })
}
