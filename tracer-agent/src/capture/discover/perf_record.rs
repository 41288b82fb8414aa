//! Records of the perf ring buffer, as far as discovery needs them (`perf_event_open(2)`).

use super::mapped::{FileKey, device};

const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const FORK: u32 = 7;
const MMAP2: u32 = 10;
/// `PERF_RECORD_MISC_COMM_EXEC`: the name changed because of an exec.
const COMM_EXEC: u16 = 1 << 13;
/// `struct perf_event_header`: type, misc, size.
pub(super) const HEADER: usize = 8;

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// It mapped a file executable.
    Mapped {
        pid: u32,
        start: u64,
        end: u64,
        key: FileKey,
        path: &'a [u8],
        time: u64,
    },
    /// Another process began it: it runs that one's program.
    Forked { pid: u32, parent: u32, time: u64 },
    /// It began to run another program, by whose file's name (its first 15 bytes) the kernel calls it.
    Executed { pid: u32, name: &'a [u8], time: u64 },
    /// Its first thread ended, and with it, in all but odd programs, the process.
    Exited { pid: u32, time: u64 },
    /// So many records were lost: only a scan tells what was missed.
    Lost(u64),
}

impl<'a> Record<'a> {
    /// Parses one whole record; `None` for kinds that say nothing here.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let body = bytes.get(HEADER..)?;
        let misc = u16::from_ne_bytes(array(bytes, 4)?);
        match u32::from_ne_bytes(array(bytes, 0)?) {
            MMAP2 => Self::mapped(body),
            COMM if misc & COMM_EXEC != 0 => Some(Self::Executed {
                pid: word(body, 0)?,
                name: until_zero(body.get(8..)?),
                time: time(body)?,
            }),
            // pid, parent's pid, …: a thread has those of its process.
            FORK if word(body, 0)? != word(body, 4)? => Some(Self::Forked {
                pid: word(body, 0)?,
                parent: word(body, 4)?,
                time: time(body)?,
            }),
            // pid, parent's pid, tid, …
            EXIT if word(body, 0)? == word(body, 8)? => Some(Self::Exited {
                pid: word(body, 0)?,
                time: time(body)?,
            }),
            // An id, then the number.
            LOST => Some(Self::Lost(long(body, 8)?)),
            _ => None,
        }
    }

    /// pid, tid, address, length, page offset, major, minor, inode, inode generation, protection,
    /// flags, file name.
    fn mapped(body: &'a [u8]) -> Option<Self> {
        let start = long(body, 8)?;
        let name = body.get(64..)?;
        let key = FileKey {
            device: device(word(body, 32)?, word(body, 36)?),
            inode: long(body, 40)?,
        };
        Some(Self::Mapped {
            pid: word(body, 0)?,
            start,
            end: start.checked_add(long(body, 16)?)?,
            key,
            path: until_zero(name),
            time: time(body)?,
        })
    }
}

/// A string that ends with a zero.
fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The end of every record: monotonic nanoseconds (`sample_id` with `PERF_SAMPLE_TIME` alone).
fn time(body: &[u8]) -> Option<u64> {
    body.last_chunk().copied().map(u64::from_ne_bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_ne_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_ne_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::{COMM, COMM_EXEC, EXIT, FORK, MMAP2, Record};
    use crate::capture::discover::mapped::{FileKey, device};

    fn record(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_ne_bytes().to_vec();
        bytes.extend(misc.to_ne_bytes());
        bytes.extend(((body.len() + 8) as u16).to_ne_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn a_mapping_names_its_file() {
        let mut body = words(&[7, 9, 0x1000, 0, 0x3000, 0, 0, 0, 254, 1, 42, 0, 0, 0, 5, 2]);
        body.extend(b"/usr/lib/libssl.so.3\0\0\0\0");
        body.extend(5u64.to_ne_bytes());
        let bytes = record(MMAP2, 2, &body);
        let expected = Record::Mapped {
            pid: 7,
            start: 0x1000,
            end: 0x4000,
            key: FileKey {
                device: device(254, 1),
                inode: 42,
            },
            path: b"/usr/lib/libssl.so.3",
            time: 5,
        };
        assert_eq!(Record::parse(&bytes), Some(expected));
        for length in 0..72 {
            assert_eq!(Record::parse(&bytes[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn names_and_threads_are_no_programs_and_processes() {
        let comm = words(&[7, 7, 0x0064_6f6e, 0, 5, 0]);
        assert_eq!(Record::parse(&record(COMM, 2, &comm)), None);
        let exec = Record::Executed {
            pid: 7,
            name: b"nod",
            time: 5,
        };
        let told = record(COMM, COMM_EXEC | 2, &comm);
        assert_eq!(Record::parse(&told), Some(exec));
        let child = words(&[7, 1, 7, 1, 5, 0, 5, 0]);
        let forked = Record::Forked {
            pid: 7,
            parent: 1,
            time: 5,
        };
        assert_eq!(Record::parse(&record(FORK, 0, &child)), Some(forked));
        let thread = words(&[7, 7, 9, 7, 5, 0, 5, 0]);
        assert_eq!(Record::parse(&record(FORK, 0, &thread)), None);
        let thread = words(&[7, 1, 9, 1, 0, 0, 5, 0]);
        assert_eq!(Record::parse(&record(EXIT, 2, &thread)), None);
        let process = words(&[7, 1, 7, 1, 0, 0, 5, 0]);
        assert_eq!(
            Record::parse(&record(EXIT, 2, &process)),
            Some(Record::Exited { pid: 7, time: 5 })
        );
    }
}
