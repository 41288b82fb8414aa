//! The few `bpf(2)` commands that aya does not drive, or not for programs that our loader has
//! relocated: uprobe_multi, uprobe.session and raw tracepoints.

use std::{
    ffi::{CStr, CString},
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use aya_obj::generated::bpf_insn;

use super::kernel_error;

const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_RAW_TRACEPOINT_OPEN: libc::c_long = 17;
const BPF_BTF_LOAD: libc::c_long = 18;
const BPF_LINK_CREATE: libc::c_long = 28;
const BPF_PROG_TYPE_KPROBE: u32 = 2;
const BPF_PROG_TYPE_RAW_TRACEPOINT: u32 = 17;
const BPF_PROG_TYPE_TRACING: u32 = 26;
const BPF_TRACE_FEXIT: u32 = 25;
const BPF_F_UPROBE_MULTI_RETURN: u32 = 1;

/// What a program is loaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProgramType {
    /// For user functions.
    Uprobe(UprobeAttachType),
    /// For a raw tracepoint.
    RawTracepoint,
    /// For the return of the kernel function with this BTF id.
    FunctionExit(u32),
}

impl ProgramType {
    const fn number(self) -> u32 {
        match self {
            Self::Uprobe(_) => BPF_PROG_TYPE_KPROBE,
            Self::RawTracepoint => BPF_PROG_TYPE_RAW_TRACEPOINT,
            Self::FunctionExit(_) => BPF_PROG_TYPE_TRACING,
        }
    }

    const fn attach_type(self) -> u32 {
        match self {
            Self::Uprobe(attach_type) => attach_type as u32,
            Self::RawTracepoint => 0,
            Self::FunctionExit(_) => BPF_TRACE_FEXIT,
        }
    }

    const fn attach_btf_id(self) -> u32 {
        match self {
            Self::Uprobe(_) | Self::RawTracepoint => 0,
            Self::FunctionExit(function) => function,
        }
    }
}

impl From<UprobeAttachType> for ProgramType {
    fn from(attach_type: UprobeAttachType) -> Self {
        Self::Uprobe(attach_type)
    }
}

/// What a program of type kprobe is loaded for (`enum bpf_attach_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum UprobeAttachType {
    /// `BPF_TRACE_UPROBE_MULTI` (Linux 6.6): entry or return.
    Multi = 48,
    /// `BPF_TRACE_UPROBE_SESSION` (Linux 6.13): entry and return in one.
    Session = 57,
}

/// Which side of the function a multi link sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Its entry (for sessions: both).
    Entry,
    /// Its return.
    Return,
}

/// Start of `union bpf_attr` for `BPF_PROG_LOAD`, up to what is used here.
#[repr(C)]
#[derive(Default)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
    prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
    attach_prog_fd: u32,
    padding: u32,
}

/// `union bpf_attr` for `BPF_BTF_LOAD`, up to what is used here.
#[repr(C)]
#[derive(Default)]
struct BtfLoad {
    btf: u64,
    btf_log_buf: u64,
    btf_size: u32,
    btf_log_size: u32,
}

/// A program ready for the kernel.
pub struct Program<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// Its instructions, everything in them resolved.
    pub instructions: &'a [bpf_insn],
    /// Its licence.
    pub license: &'a CStr,
    /// The object's type information, from [`load_btf`].
    pub btf: BorrowedFd<'a>,
    /// Records that tie its functions to their types.
    pub func_info: &'a [u8],
    /// Size of one of them.
    pub func_info_size: usize,
}

/// Loads an object's type information, which programs with callbacks need.
pub fn load_btf(btf: &[u8]) -> io::Result<OwnedFd> {
    let attr = BtfLoad {
        btf: btf.as_ptr() as u64,
        btf_size: u32::try_from(btf.len()).map_err(io::Error::other)?,
        ..BtfLoad::default()
    };
    bpf(BPF_BTF_LOAD, &attr)
}

/// `union bpf_attr` for `BPF_LINK_CREATE` of uprobe_multi.
#[repr(C)]
#[derive(Default)]
struct UprobeMultiLink {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    link_flags: u32,
    path: u64,
    offsets: u64,
    ref_ctr_offsets: u64,
    cookies: u64,
    count: u32,
    flags: u32,
    pid: u32,
    padding: u32,
}

/// Loads a program; on refusal the error carries the end of the verifier's log.
pub fn load_program(program: &Program<'_>, as_type: ProgramType) -> io::Result<OwnedFd> {
    let record_size = program.func_info_size.max(1);
    let mut attr = ProgLoad {
        prog_type: as_type.number(),
        insn_cnt: u32::try_from(program.instructions.len()).map_err(io::Error::other)?,
        insns: program.instructions.as_ptr() as u64,
        license: program.license.as_ptr() as u64,
        expected_attach_type: as_type.attach_type(),
        attach_btf_id: as_type.attach_btf_id(),
        prog_btf_fd: program.btf.as_raw_fd() as u32,
        func_info_rec_size: u32::try_from(record_size).map_err(io::Error::other)?,
        func_info: program.func_info.as_ptr() as u64,
        func_info_cnt: u32::try_from(program.func_info.len() / record_size)
            .map_err(io::Error::other)?,
        ..ProgLoad::default()
    };
    for (to, from) in attr.prog_name.iter_mut().take(15).zip(program.name.bytes()) {
        *to = from;
    }
    match bpf(BPF_PROG_LOAD, &attr) {
        Ok(fd) => Ok(fd),
        Err(error) => {
            let mut log = vec![0_u8; 1 << 20];
            attr.log_level = 1;
            attr.log_size = 1 << 20;
            attr.log_buf = log.as_mut_ptr() as u64;
            match bpf(BPF_PROG_LOAD, &attr) {
                Ok(fd) => Ok(fd),
                Err(_) => Err(io::Error::new(
                    error.kind(),
                    format!("{error}; the verifier said: {}", tail_of_log(&log)),
                )),
            }
        }
    }
}

/// Attaches a program to places in the file at `path`, for all processes.
pub fn link_uprobe_multi(
    program: BorrowedFd<'_>,
    path: &CString,
    offsets: &[u64],
    cookies: &[u64],
    attach_type: UprobeAttachType,
    side: Side,
) -> io::Result<OwnedFd> {
    assert_eq!(offsets.len(), cookies.len(), "one cookie per offset");
    let attr = UprobeMultiLink {
        prog_fd: program.as_raw_fd() as u32,
        attach_type: attach_type as u32,
        path: path.as_ptr() as u64,
        offsets: offsets.as_ptr() as u64,
        cookies: cookies.as_ptr() as u64,
        count: u32::try_from(offsets.len()).map_err(io::Error::other)?,
        flags: match side {
            Side::Entry => 0,
            Side::Return => BPF_F_UPROBE_MULTI_RETURN,
        },
        ..UprobeMultiLink::default()
    };
    bpf(BPF_LINK_CREATE, &attr)
}

/// `union bpf_attr` for `BPF_RAW_TRACEPOINT_OPEN`, up to what is used here.
#[repr(C)]
#[derive(Default)]
struct RawTracepoint {
    name: u64,
    prog_fd: u32,
    padding: u32,
}

/// Attaches a program to a raw tracepoint of the kernel, or, without a name, to the function that it
/// was loaded for.
pub fn open_raw_tracepoint(program: BorrowedFd<'_>, name: Option<&CStr>) -> io::Result<OwnedFd> {
    let attr = RawTracepoint {
        name: name.map_or(0, |name| name.as_ptr() as u64),
        prog_fd: program.as_raw_fd() as u32,
        padding: 0,
    };
    bpf(BPF_RAW_TRACEPOINT_OPEN, &attr)
}

fn bpf<Attr>(command: libc::c_long, attr: &Attr) -> io::Result<OwnedFd> {
    // SAFETY: `attr` is a prefix of `union bpf_attr` for this command and the kernel takes its
    // size; every pointer in it is valid for the call, by construction in the callers.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, attr, size_of::<Attr>()) };
    if fd < 0 {
        return Err(kernel_error::last());
    }
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: these commands return a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn tail_of_log(log: &[u8]) -> String {
    let text = CStr::from_bytes_until_nul(log)
        .unwrap_or_default()
        .to_string_lossy();
    let lines: Vec<&str> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
