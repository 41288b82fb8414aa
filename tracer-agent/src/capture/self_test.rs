//! Tries each mechanism on a function of our own, in a child under a seccomp filter, before any
//! other process is touched.
//!
//! On x86-64 since Linux 6.11 a return probe makes a system call from within the probed function;
//! until the filter learned to pass it, processes confined by seccomp were killed by it. Version
//! numbers do not tell, back-ports being what they are: this does.

use std::{
    fs, io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    path::Path,
};

use super::{
    attach::{self, AttachError, ProbedFile},
    load::Loaded,
    mechanism::{Mechanism, ProgramSet},
    plan::{CountLocation, Located, ProbeCost, ProbePlan, ProbePoint, ProbeRole, TlsFamily},
};

/// What the child exits with when it came through.
const UNHARMED: i32 = 42;

/// Why a mechanism cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The kernel refuses it.
    #[error(transparent)]
    Refused(#[from] AttachError),
    /// It would kill confined processes.
    #[error(
        "a return probe kills processes under a seccomp filter on this kernel ({0}); it needs the fix of Linux 6.14 or its back-port"
    )]
    Harmful(String),
    /// The test itself could not be run.
    #[error("the self-test could not be run: {0}")]
    Untested(#[from] io::Error),
}

/// Outcome of one mechanism.
#[derive(Debug)]
pub struct Tried {
    /// Which.
    pub mechanism: Mechanism,
    /// How it went.
    pub result: Result<(), Unusable>,
}

/// Tries these mechanisms until one is safe; that one is the last of the list. Call before any thread
/// is started: it forks.
pub fn try_mechanisms(
    loaded: &mut Loaded,
    mechanisms: impl IntoIterator<Item = Mechanism>,
) -> Vec<Tried> {
    let mut tried = Vec::new();
    for mechanism in mechanisms {
        let result = try_one(loaded, mechanism);
        let good = result.is_ok();
        tried.push(Tried { mechanism, result });
        if good {
            break;
        }
    }
    tried
}

/// Tries every mechanism, for reports. Call before any thread is started: it forks.
pub fn try_all(loaded: &mut Loaded) -> [Tried; 5] {
    Mechanism::ALL.map(|mechanism| Tried {
        mechanism,
        result: try_one(loaded, mechanism),
    })
}

/// The mechanism that [`try_mechanisms`] found safe.
pub fn chosen(tried: &[Tried]) -> Option<Mechanism> {
    tried
        .last()
        .filter(|last| last.result.is_ok())
        .map(|last| last.mechanism)
}

fn try_one(loaded: &mut Loaded, mechanism: Mechanism) -> Result<(), Unusable> {
    let point = ProbePoint {
        role: ProbeRole::Read,
        file_offset: file_offset_of_probed()?,
        count: CountLocation::Return,
        name: "self-test".to_owned(),
        cost: ProbeCost::SingleStepped,
    };
    let plan = ProbePlan::new(TlsFamily::OpenSsl, Located::Symbols, vec![point]);
    attach::load_all(loaded, mechanism)?;
    let child = Child::spawn()?;
    let file = ProbedFile {
        path: Path::new("/proc/self/exe"),
        plan: &plan,
        source: 0,
    };
    let probes = attach::attach(loaded, mechanism, ProgramSet::Bare, &file)?;
    let status = child.go();
    drop(probes);
    let status = status?;
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == UNHARMED {
        return Ok(());
    }
    Err(Unusable::Harmful(if libc::WIFSIGNALED(status) {
        format!("signal {}", libc::WTERMSIG(status))
    } else {
        format!("exit status {}", libc::WEXITSTATUS(status))
    }))
}

/// The function that is probed. Never inlined, never merged with another.
#[inline(never)]
extern "C" fn llm_tracer_probed(value: u64) -> u64 {
    std::hint::black_box(value) ^ 0x6c6c_6d74
}

/// Where [`llm_tracer_probed`] is in our executable file.
fn file_offset_of_probed() -> io::Result<u64> {
    let address = llm_tracer_probed as extern "C" fn(u64) -> u64 as usize as u64;
    let maps = fs::read_to_string("/proc/self/maps")?;
    maps.lines()
        .find_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let (start, end) = fields.next()?.split_once('-')?;
            let start = u64::from_str_radix(start, 16).ok()?;
            let end = u64::from_str_radix(end, 16).ok()?;
            let offset = u64::from_str_radix(fields.nth(1)?, 16).ok()?;
            (start..end)
                .contains(&address)
                .then(|| address - start + offset)
        })
        .ok_or_else(|| io::Error::other("our own code is in no mapping"))
}

/// A child that waits for a byte, confines itself, calls the probed function and exits.
struct Child {
    pid: libc::pid_t,
    start: OwnedFd,
}

impl Child {
    fn spawn() -> io::Result<Self> {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors, which are ours alone.
        let (read, write) = unsafe {
            if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
                return Err(io::Error::last_os_error());
            }
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        // SAFETY: the child calls only functions that are safe after fork, and never returns.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => child_main(read.as_raw_fd(), write.as_raw_fd()),
            pid => Ok(Self { pid, start: write }),
        }
    }

    /// Lets it run; its wait status.
    fn go(self) -> io::Result<libc::c_int> {
        // SAFETY: one byte from a live buffer to a descriptor that we own.
        let written = unsafe { libc::write(self.start.as_raw_fd(), b"g".as_ptr().cast(), 1) };
        if written != 1 {
            return Err(io::Error::last_os_error());
        }
        self.wait()
    }

    fn wait(&self) -> io::Result<libc::c_int> {
        let mut status = 0;
        // SAFETY: writes one status; the child is ours and not yet waited for.
        match unsafe { libc::waitpid(self.pid, &raw mut status, 0) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(status),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: if it was waited for, both fail with ECHILD or ESRCH: the pid is not reused
        // between wait and here, since nothing else runs in this process yet.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, std::ptr::null_mut(), libc::WNOHANG);
        }
    }
}

fn child_main(start: i32, other_end: i32) -> ! {
    // SAFETY: all of these are safe after fork; the buffers live on this stack.
    unsafe {
        // Ours too after the fork: while it is open the pipe does not end with the parent.
        libc::close(other_end);
        let mut byte = 0_u8;
        if libc::read(start, (&raw mut byte).cast(), 1) != 1 || !confine() {
            libc::_exit(1);
        }
        let result = llm_tracer_probed(7);
        libc::_exit(if result == 7 ^ 0x6c6c_6d74 {
            UNHARMED
        } else {
            2
        });
    }
}

/// A filter as strict as they come: only reading, writing and leaving.
fn confine() -> bool {
    let allow = [
        libc::SYS_exit_group,
        libc::SYS_exit,
        libc::SYS_read,
        libc::SYS_write,
    ];
    let statement = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let compare = |number: libc::c_long, skip: u8| {
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            skip,
            0,
            number as u32,
        )
    };
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        compare(allow[0], 4),
        compare(allow[1], 3),
        compare(allow[2], 2),
        compare(allow[3], 1),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_KILL_PROCESS,
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: both calls read their arguments only; the program lives on this stack.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::test_needs;

    #[test]
    fn a_confined_child_survives_the_chosen_mechanism() {
        let Some(mut loaded) = test_needs::loaded() else {
            return;
        };
        let tried = try_mechanisms(&mut loaded, Mechanism::ALL);
        for Tried { mechanism, result } in &tried {
            println!("{mechanism}: {result:?}");
        }
        assert!(chosen(&tried).is_some());
        let plain = [Mechanism::PlainMulti, Mechanism::PlainPerf];
        let tried = try_mechanisms(&mut loaded, plain);
        assert!(
            chosen(&tried).is_some(),
            "plain probes harm nobody: {tried:?}"
        );
    }

    #[test]
    fn the_filter_kills_what_it_does_not_know() {
        // SAFETY: the child only confines itself, makes one system call and leaves.
        let status = unsafe {
            match libc::fork() {
                0 => {
                    let confined = confine();
                    libc::getppid();
                    libc::_exit(i32::from(!confined));
                }
                pid => {
                    let mut status = 0;
                    libc::waitpid(pid, &raw mut status, 0);
                    status
                }
            }
        };
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS);
    }
}
