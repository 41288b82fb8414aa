//! Puts programs on the points of a plan.

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use aya::programs::{
    UProbe,
    uprobe::{UProbeAttachLocation, UProbeAttachPoint, UProbeLink, UProbeScope},
};
use tracer_common::{
    cookie::{Cookie, CountFrom},
    go::GoCookie,
};

use super::{
    bpf_call,
    kernel_error::in_words,
    load::{LoadError, Loaded},
    mechanism::{Attachment, Mechanism, ProgramSet, attachments},
    plan::{CountLocation, ProbePlan, ProbePoint, ProbeRole},
};
use crate::printable::Printable;

/// A file cannot be probed.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// A program could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The path cannot be given to the kernel.
    #[error("the path {0} contains a NUL byte")]
    Path(String),
    /// The kernel refused the link.
    #[error("cannot attach `{program}` to {path}: {error}")]
    Link {
        /// Which program.
        program: &'static str,
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// aya refused the program.
    #[error("cannot attach `{program}` to {path}: {}", in_words(.error.as_ref()))]
    Perf {
        /// Which program.
        program: &'static str,
        /// Which file.
        path: String,
        /// Why.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A file to probe.
#[derive(Debug, Clone, Copy)]
pub struct ProbedFile<'a> {
    /// A path that names it in this mount namespace.
    pub path: &'a Path,
    /// Where.
    pub plan: &'a ProbePlan,
    /// Its number in events.
    pub source: u16,
}

/// Probes on one file; they vanish when it is dropped, or when this process dies. To drop many,
/// [`detach`](super::detach::detach) them.
#[derive(Debug)]
pub struct Attached(Vec<Link>);

impl Attached {
    pub(super) fn into_links(self) -> Vec<Link> {
        self.0
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for its drop")]
pub(super) enum Link {
    Fd(OwnedFd),
    Perf(UProbeLink),
}

/// Attaches every point of the file's plan.
///
/// # Errors
/// If the kernel refuses; nothing stays attached then.
pub fn attach(
    loaded: &mut Loaded,
    mechanism: Mechanism,
    set: ProgramSet,
    file: &ProbedFile<'_>,
) -> Result<Attached, AttachError> {
    let mut links = Vec::new();
    for role in ProbeRole::ALL {
        let all = file.plan.points.iter();
        let points: Vec<&ProbePoint> = all.filter(|point| point.role == role).collect();
        if points.is_empty() {
            continue;
        }
        for attachment in attachments(mechanism, set, role) {
            match mechanism {
                Mechanism::Session | Mechanism::Multi | Mechanism::PlainMulti => {
                    links.push(Link::Fd(link_multi(loaded, attachment, file, &points)?));
                }
                Mechanism::Perf | Mechanism::PlainPerf => {
                    for point in &points {
                        links.push(Link::Perf(link_perf(loaded, attachment, file, point)?));
                    }
                }
            }
        }
    }
    Ok(Attached(links))
}

/// Loads every capturing program for a mechanism: what the verifier refuses is known before
/// anything is attached.
///
/// # Errors
/// If the kernel refuses one.
pub fn load_all(loaded: &mut Loaded, mechanism: Mechanism) -> Result<(), AttachError> {
    for attachment in ProbeRole::ALL
        .into_iter()
        .flat_map(|role| attachments(mechanism, ProgramSet::Capture, role))
    {
        match mechanism {
            Mechanism::Session | Mechanism::Multi | Mechanism::PlainMulti => {
                loaded.program(attachment.program, attachment.attach_type)?;
            }
            Mechanism::Perf | Mechanism::PlainPerf => {
                perf_program(loaded, attachment.program).map_err(|error| AttachError::Perf {
                    program: attachment.program,
                    path: "any file".to_owned(),
                    error,
                })?;
            }
        }
    }
    Ok(())
}

fn link_multi(
    loaded: &mut Loaded,
    attachment: Attachment,
    file: &ProbedFile<'_>,
    points: &[&ProbePoint],
) -> Result<OwnedFd, AttachError> {
    let program = loaded.program(attachment.program, attachment.attach_type)?;
    let name = CString::new(file.path.as_os_str().as_bytes())
        .map_err(|_| AttachError::Path(Printable(file.path.display()).to_string()))?;
    let offsets: Vec<u64> = points.iter().map(|point| point.file_offset).collect();
    let cookies: Vec<u64> = points
        .iter()
        .map(|point| cookie(point.count, file.source))
        .collect();
    bpf_call::link_uprobe_multi(
        program.as_fd(),
        &name,
        &offsets,
        &cookies,
        attachment.attach_type,
        attachment.side,
    )
    .map_err(|error| AttachError::Link {
        program: attachment.program,
        path: Printable(file.path.display()).to_string(),
        error,
    })
}

fn link_perf(
    loaded: &mut Loaded,
    attachment: Attachment,
    file: &ProbedFile<'_>,
    point: &ProbePoint,
) -> Result<UProbeLink, AttachError> {
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| AttachError::Perf {
        program: attachment.program,
        path: Printable(file.path.display()).to_string(),
        error,
    };
    let program = perf_program(loaded, attachment.program).map_err(refused)?;
    let at = UProbeAttachPoint {
        location: UProbeAttachLocation::AbsoluteOffset(point.file_offset),
        cookie: Some(cookie(point.count, file.source)),
    };
    let link = program
        .attach(at, file.path, UProbeScope::AllProcesses)
        .map_err(|error| refused(Box::new(error)))?;
    program
        .take_link(link)
        .map_err(|error| refused(Box::new(error)))
}

fn cookie(count: CountLocation, source: u16) -> u64 {
    let cookie = match count {
        CountLocation::Return | CountLocation::None => Cookie::new(CountFrom::Return, source),
        CountLocation::ReturnUnlessPeeked => Cookie::new(CountFrom::ReturnUnlessPeeked, source),
        CountLocation::FourthArgument => Cookie::new(CountFrom::FourthArgument, source),
        CountLocation::FifthArgument => Cookie::new(CountFrom::FifthArgument, source),
        CountLocation::Registers(registers) => Cookie::of_read(registers, source),
        CountLocation::Within(place) => return GoCookie::new(place, source).0,
        CountLocation::Record(places) => places.cookie(source),
    };
    cookie.0
}

/// A program loaded for perf events.
fn perf_program<'a>(
    loaded: &'a mut Loaded,
    name: &'static str,
) -> Result<&'a mut UProbe, Box<dyn std::error::Error + Send + Sync>> {
    let program: &mut UProbe = loaded
        .ebpf
        .program_mut(name)
        .ok_or_else(|| LoadError::Object(format!("no program `{name}`")))?
        .try_into()?;
    if program.fd().is_err() {
        program.load()?;
    }
    Ok(program)
}
