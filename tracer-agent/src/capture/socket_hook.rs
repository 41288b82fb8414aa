//! Has sockets looked at where they send and receive, while sockets of connections are wanted. The
//! programs for plain HTTP do so by the way when they are told to; where they are not attached, programs
//! of our own are for that while: on a host without LLM calls nobody's traffic pays for them.

use std::{
    error::Error,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use aya::programs::{KProbe, RawTracePoint};

use super::{
    bpf_call,
    control::ControlPage,
    endpoints,
    kernel_error::in_words,
    kernel_function,
    load::{LoadError, Loaded},
};

/// How long sockets are looked at when none is wanted, also at the start: a connection that begins
/// meanwhile is matched from its first byte on, the first one after it only by its answers.
const LINGER: Duration = Duration::from_secs(600);

/// Sockets are not seen to move bytes, so connections are not matched with theirs.
#[derive(Debug, thiserror::Error)]
pub enum NoHook {
    /// The kernel does not say where a socket keeps its addresses.
    #[error("the kernel shows no type information of sockets (CONFIG_DEBUG_INFO_BTF)")]
    Layout,
    /// A program was refused.
    #[error("the kernel refuses program `{program}`: {}", in_words(.error.as_ref()))]
    Program {
        /// Its name.
        program: &'static str,
        /// Why.
        error: Box<dyn Error + Send + Sync>,
    },
    /// There is no place for the programs.
    #[error("neither tracepoints ({tracepoints}) nor kernel functions ({functions}) can be used")]
    NoPlace {
        /// Why not tracepoints.
        tracepoints: io::Error,
        /// Why not functions.
        functions: io::Error,
    },
}

/// Who looks, and whether.
pub struct SocketHook {
    programs: Lookout,
    looking: Option<Looking>,
    control: Arc<ControlPage>,
}

/// The programs that look.
enum Lookout {
    /// Those for plain HTTP, which are there anyway.
    PlainHttp,
    /// Our own, which come and go.
    Own(SocketPrograms),
}

/// The programs in the kernel, and where they can be attached.
pub struct SocketPrograms {
    place: Place,
    sent: OwnedFd,
    received: OwnedFd,
}

struct Looking {
    #[expect(dead_code, reason = "the programs run as long as these live")]
    links: Option<[OwnedFd; 2]>,
    /// When a socket was last wanted.
    wanted: Instant,
}

/// Where the programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Tracepoints behind sends and receives (Linux 6.3).
    Tracepoints,
    /// Functions of TCP.
    Functions,
}

impl SocketPrograms {
    /// Loads the programs and tries to attach them.
    ///
    /// # Errors
    /// If the kernel takes them nowhere.
    pub fn load(loaded: &mut Loaded) -> Result<Self, NoHook> {
        known_layout()?;
        let tracepoints = Self::load_for(loaded, Place::Tracepoints)?;
        let Err(no_tracepoints) = tracepoints.link() else {
            return Ok(tracepoints);
        };
        let functions = Self::load_for(loaded, Place::Functions)?;
        match functions.link() {
            Ok(_) => Ok(functions),
            Err(no_functions) => Err(NoHook::NoPlace {
                tracepoints: no_tracepoints,
                functions: no_functions,
            }),
        }
    }

    fn load_for(loaded: &mut Loaded, place: Place) -> Result<Self, NoHook> {
        let [sent, received] = match place {
            Place::Tracepoints => [
                load(loaded, "tls_socket_sent", raw_tracepoint)?,
                load(loaded, "tls_socket_received", raw_tracepoint)?,
            ],
            Place::Functions => [
                load(loaded, "tls_tcp_sends", kernel_probe)?,
                load(loaded, "tls_tcp_received", kernel_probe)?,
            ],
        };
        Ok(Self {
            place,
            sent,
            received,
        })
    }

    /// Attaches both for as long as the result lives.
    fn link(&self) -> io::Result<[OwnedFd; 2]> {
        let (sent, received) = (self.sent.as_fd(), self.received.as_fd());
        Ok(match self.place {
            Place::Tracepoints => [
                bpf_call::open_raw_tracepoint(sent, Some(c"sock_send_length"))?,
                bpf_call::open_raw_tracepoint(received, Some(c"sock_recv_length"))?,
            ],
            Place::Functions => [
                kernel_function::link(sent, c"tcp_sendmsg")?,
                kernel_function::link(received, c"tcp_cleanup_rbuf")?,
            ],
        })
    }
}

impl SocketHook {
    /// Nobody looks yet. `control` tells the kernel half when to, and `plain_http` that the programs for
    /// plain HTTP are attached.
    ///
    /// # Errors
    /// If the kernel takes no programs.
    pub fn new(
        loaded: &mut Loaded,
        control: Arc<ControlPage>,
        plain_http: bool,
    ) -> Result<Self, NoHook> {
        let programs = if plain_http {
            known_layout()?;
            Lookout::PlainHttp
        } else {
            Lookout::Own(SocketPrograms::load(loaded)?)
        };
        Ok(Self {
            programs,
            looking: None,
            control,
        })
    }

    /// Whether sockets are looked at.
    pub const fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// A socket is wanted: has sockets looked at if they are not.
    ///
    /// # Errors
    /// If the kernel refuses what it took before.
    pub fn want(&mut self, now: Instant) -> io::Result<()> {
        match &mut self.looking {
            Some(looking) => looking.wanted = now,
            None => {
                let links = match &self.programs {
                    Lookout::PlainHttp => None,
                    Lookout::Own(programs) => Some(programs.link()?),
                };
                self.looking = Some(Looking { links, wanted: now });
                self.control.set_sockets(true);
            }
        }
        Ok(())
    }

    /// Nobody looks any more if no socket was wanted for a while.
    pub fn rest(&mut self, now: Instant) {
        let over = |it: &Looking| now.saturating_duration_since(it.wanted) >= LINGER;
        if self.looking.as_ref().is_some_and(over) {
            self.control.set_sockets(false);
            self.looking = None;
        }
    }
}

/// What a program needs to know of the kernel's sockets.
fn known_layout() -> Result<(), NoHook> {
    match endpoints::layout() {
        Ok(layout) if layout.protocol != 0 => Ok(()),
        _ => Err(NoHook::Layout),
    }
}

type Refused = Box<dyn Error + Send + Sync>;

fn load(
    loaded: &mut Loaded,
    program: &'static str,
    load: fn(&mut Loaded, &'static str) -> Result<OwnedFd, Refused>,
) -> Result<OwnedFd, NoHook> {
    load(loaded, program).map_err(|error| NoHook::Program { program, error })
}

fn raw_tracepoint(loaded: &mut Loaded, name: &'static str) -> Result<OwnedFd, Refused> {
    let program: &mut RawTracePoint = loaded
        .ebpf
        .program_mut(name)
        .ok_or_else(|| LoadError::Object(format!("no program `{name}`")))?
        .try_into()?;
    program.load()?;
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}

fn kernel_probe(loaded: &mut Loaded, name: &'static str) -> Result<OwnedFd, Refused> {
    let program: &mut KProbe = loaded
        .ebpf
        .program_mut(name)
        .ok_or_else(|| LoadError::Object(format!("no program `{name}`")))?
        .try_into()?;
    program.load()?;
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::test_needs;

    #[test]
    fn the_kernel_takes_the_programs_somewhere() {
        let Some(mut loaded) = test_needs::loaded() else {
            return;
        };
        let programs = SocketPrograms::load(&mut loaded).unwrap();
        // They come and go.
        for _ in 0..3 {
            drop(programs.link().unwrap());
        }
    }
}
