//! The tables of the agent's kernel half, seen from outside: which there are, what they take, and how
//! many entries each has.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};

/// A BPF map of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// As the kernel knows it: 15 bytes of the name in the source.
    pub name: String,
    /// What the kernel charges for it, bytes.
    pub bytes: u64,
    /// Entries now; `None` of a table that has a fixed number or none that could be listed.
    pub entries: Option<u64>,
}

/// All of a process, by their ids.
///
/// # Errors
/// If the process is gone, or the kernel does not let us look.
pub fn of_process(pid: u32) -> Result<BTreeMap<u32, Table>> {
    let mut tables = BTreeMap::new();
    for text in descriptor_infos(pid)? {
        let Some(info) = Info::read(&text) else {
            continue;
        };
        if let std::collections::btree_map::Entry::Vacant(vacant) = tables.entry(info.id) {
            vacant.insert(info.table()?);
        }
    }
    Ok(tables)
}

/// What the kernel tells of each descriptor of a process.
///
/// # Errors
/// If the process is gone.
pub fn descriptor_infos(pid: u32) -> Result<Vec<String>> {
    let folder = format!("/proc/{pid}/fdinfo");
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
    // One may be closed meanwhile.
    let read = |file: io::Result<fs::DirEntry>| fs::read_to_string(file.ok()?.path()).ok();
    Ok(files.filter_map(read).collect())
}

/// Kinds of tables whose entries come and go (`enum bpf_map_type`): hash tables, per processor or not,
/// with the least recently used thrown out or not.
const HASHES: [u32; 4] = [1, 5, 9, 10];

struct Info {
    id: u32,
    kind: u32,
    key_size: usize,
    max_entries: u64,
    bytes: u64,
}

impl Info {
    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| -> Option<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        Some(Self {
            id: field("map_id:")?.try_into().ok()?,
            kind: field("map_type:")?.try_into().ok()?,
            key_size: field("key_size:")?.try_into().ok()?,
            max_entries: field("max_entries:")?,
            bytes: field("memlock:")?,
        })
    }

    fn table(&self) -> Result<Table> {
        let map = open(self.id)?;
        let counted = HASHES.contains(&self.kind);
        Ok(Table {
            name: name(&map)?,
            bytes: self.bytes,
            entries: counted.then(|| self.count(&map)),
        })
    }

    /// Goes from key to key. Where entries come and go meanwhile it may start anew, but it ends.
    fn count(&self, map: &OwnedFd) -> u64 {
        let mut key = vec![0_u8; self.key_size];
        let mut next = key.clone();
        let mut count = 0;
        while count < self.max_entries {
            let request = NextKey {
                map: map.as_raw_fd().cast_unsigned(),
                _padding: 0,
                key: if count == 0 { 0 } else { key.as_ptr() as u64 },
                next: next.as_mut_ptr() as u64,
            };
            if bpf(MAP_GET_NEXT_KEY, &request).is_err() {
                break;
            }
            std::mem::swap(&mut key, &mut next);
            count += 1;
        }
        count
    }
}

const MAP_GET_NEXT_KEY: libc::c_int = 4;
const MAP_GET_FD_BY_ID: libc::c_int = 14;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;

/// As in `union bpf_attr`.
#[repr(C)]
struct NextKey {
    map: u32,
    _padding: u32,
    key: u64,
    next: u64,
}

#[repr(C)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
}

#[repr(C)]
struct AskInfo {
    descriptor: u32,
    length: u32,
    info: u64,
}

/// The beginning of `struct bpf_map_info`.
#[repr(C)]
#[derive(Default)]
struct MapInfo {
    numbers: [u32; 6],
    name: [u8; 16],
}

fn open(id: u32) -> Result<OwnedFd> {
    let request = ById {
        id,
        next: 0,
        flags: 0,
    };
    let descriptor = bpf(MAP_GET_FD_BY_ID, &request).context("cannot open a table of the agent")?;
    // SAFETY: the kernel has just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn name(map: &OwnedFd) -> Result<String> {
    let mut info = MapInfo::default();
    let request = AskInfo {
        descriptor: map.as_raw_fd().cast_unsigned(),
        length: size_of::<MapInfo>() as u32,
        info: (&raw mut info) as u64,
    };
    bpf(OBJ_GET_INFO_BY_FD, &request).context("cannot ask for the name of a table")?;
    let name = info.name.split(|byte| *byte == 0).next();
    Ok(String::from_utf8_lossy(name.unwrap_or_default()).into_owned())
}

fn bpf<T>(command: libc::c_int, request: &T) -> io::Result<libc::c_int> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes of the request, and writes through the addresses in
    // it, which are those of buffers that the callers hold and that are as long as the kernel was told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(request),
            size_of::<T>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result as libc::c_int)
}
