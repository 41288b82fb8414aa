//! Brings the eBPF object into the kernel.

use std::{
    collections::{HashMap, HashSet},
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use aya::{Ebpf, EbpfLoader, Pod, maps::Map};
use aya_obj::{Object, generated::bpf_insn};
use tracer_common::{endpoints::EndpointLayout, kfunc};

use super::{
    bpf_call::{self, ProgramType},
    endpoints,
    kernel_btf::{self, BtfError},
    kernel_error::in_words,
    object::{self, NoObject},
    sockets::Layout,
};

/// The object cannot be brought into the kernel.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The agent may not ask the kernel.
    #[error("loading programs takes CAP_BPF: run as root or grant it")]
    NotAllowed,
    /// Built without it.
    #[error(transparent)]
    NoObject(#[from] NoObject),
    /// Maps could not be made.
    #[error("cannot create the eBPF maps: {} (needs CAP_BPF; see `tracer-agent doctor`)", in_words(.0.as_ref()))]
    Maps(#[source] Box<aya::EbpfError>),
    /// The object is not what this agent was built for.
    #[error("the eBPF object is damaged: {0} (rebuild with `cargo xtask build`)")]
    Object(String),
    /// A program was refused.
    #[error("the kernel refuses program `{program}`: {error}")]
    Program {
        /// Its name.
        program: String,
        /// Why, with the end of the verifier's log.
        error: io::Error,
    },
    /// The kernel knows no type information.
    #[error("this kernel takes no BTF; Linux 5.17 or later is needed")]
    OldKernel,
    /// The kernel refused the object's type information.
    #[error("the kernel refuses the type information of the eBPF programs: {0}")]
    OwnBtf(#[source] io::Error),
    /// Kernel functions cannot be found.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// A kernel function that a program needs is missing.
    #[error("this kernel lacks `{0}`")]
    MissingFunction(&'static str),
}

/// What the object is loaded with.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions {
    /// Size of the event ring buffer in bytes, a power of two and a multiple of the page size.
    pub ring_bytes: u32,
    /// Connections (and verdicts) remembered.
    pub connections: u32,
    /// Where the running kernel keeps what is read of sockets, if they are looked at.
    pub sockets: Option<Layout>,
    /// Level of `aya-log` messages from the kernel half, 0 (off) to 5 (trace).
    pub kernel_log_level: u8,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            ring_bytes: 8 << 20,
            connections: 16384,
            sockets: None,
            kernel_log_level: 0,
        }
    }
}

#[derive(Clone, Copy)]
#[repr(transparent)]
struct EndLayout(EndpointLayout);
// SAFETY: plain integers without padding.
unsafe impl Pod for EndLayout {}

/// The object in the kernel: its maps, and its programs as they are asked for.
pub struct Loaded {
    /// aya's view: maps, and programs for perf events.
    pub ebpf: Ebpf,
    /// Whether the programs for sockets know the kernel's structures.
    pub knows_sockets: bool,
    object: Object,
    btf: OwnedFd,
    programs: HashMap<(&'static str, ProgramType), OwnedFd>,
    kfunc_ids: Option<HashMap<&'static str, u32>>,
}

impl Loaded {
    /// Creates the maps and prepares the programs.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn new(options: LoadOptions) -> Result<Self, LoadError> {
        let bytes = object::bytes()?;
        let layout = options.sockets.unwrap_or_default();
        // Most of them are left alone at once; one that is forgotten is looked at again.
        let sockets = options.sockets.map_or(1, |_| options.connections / 4);
        // Without it connections are not matched with sockets; those who match say so.
        let endpoints = EndLayout(endpoints::layout().unwrap_or_default());
        let ebpf = EbpfLoader::new()
            .btf(None)
            .override_global("AYA_LOG_LEVEL", &options.kernel_log_level, true)
            .override_global("SOCKET_LAYOUT", &layout, true)
            .override_global("ENDPOINT_LAYOUT", &endpoints, true)
            .map_max_entries("EVENTS", options.ring_bytes)
            .map_max_entries("CONNECTIONS", options.connections)
            .map_max_entries("VERDICTS", options.connections)
            .map_max_entries("SOCKETS", sockets)
            .load(bytes)
            .map_err(|error| LoadError::Maps(Box::new(error)))?;
        let (object, btf) = relocated(bytes, &ebpf)?;
        Ok(Self {
            ebpf,
            knows_sockets: options.sockets.is_some(),
            object,
            btf,
            programs: HashMap::new(),
            kfunc_ids: None,
        })
    }

    /// A program, loaded as what it is to be attached as.
    ///
    /// # Errors
    /// If the kernel refuses it.
    pub fn program(
        &mut self,
        name: &'static str,
        as_type: impl Into<ProgramType>,
    ) -> Result<&OwnedFd, LoadError> {
        let as_type = as_type.into();
        let key = (name, as_type);
        if !self.programs.contains_key(&key) {
            let fd = self.load_program(name, as_type)?;
            self.programs.insert(key, fd);
        }
        self.programs
            .get(&key)
            .ok_or_else(|| LoadError::Object(format!("no program `{name}`")))
    }

    fn load_program(
        &mut self,
        name: &'static str,
        as_type: ProgramType,
    ) -> Result<OwnedFd, LoadError> {
        let missing = || LoadError::Object(format!("no program `{name}`"));
        let program = self.object.programs.get(name).ok_or_else(missing)?;
        let function = self
            .object
            .functions
            .get(&program.function_key())
            .ok_or_else(missing)?;
        let license = program.license.clone();
        let mut instructions = function.instructions.clone();
        link_kfuncs(&mut instructions, &mut self.kfunc_ids)?;
        let program = bpf_call::Program {
            name,
            instructions: &instructions,
            license: &license,
            btf: self.btf.as_fd(),
            func_info: &function.func_info.func_info_bytes(),
            func_info_size: function.func_info_rec_size,
        };
        bpf_call::load_program(&program, as_type).map_err(|error| LoadError::Program {
            program: name.to_owned(),
            error,
        })
    }
}

/// The object with its map references and calls resolved, against the maps that aya made.
fn relocated(bytes: &[u8], ebpf: &Ebpf) -> Result<(Object, OwnedFd), LoadError> {
    let damaged = |error: &dyn std::fmt::Display| LoadError::Object(error.to_string());
    let mut object = Object::parse(bytes).map_err(|error| damaged(&error))?;
    let btf = load_btf(&mut object)?;
    let definitions: HashMap<String, aya_obj::Map> = object.maps.drain().collect();
    let mut maps = Vec::with_capacity(definitions.len());
    for (name, definition) in &definitions {
        let map = ebpf
            .map(name)
            .ok_or_else(|| damaged(&format!("no map `{name}`")))?;
        maps.push((name.as_str(), map_fd(map), definition));
    }
    let text: HashSet<usize> = object
        .functions
        .keys()
        .map(|(section, _)| *section)
        .collect();
    object
        .relocate_maps(maps.into_iter(), &text)
        .map_err(|error| damaged(&error))?;
    object
        .relocate_calls(&text)
        .map_err(|error| damaged(&error))?;
    Ok((object, btf))
}

fn load_btf(object: &mut Object) -> Result<OwnedFd, LoadError> {
    let no_btf = || LoadError::Object("no type information".to_owned());
    let features = aya::features().btf().ok_or(LoadError::OldKernel)?;
    let btf = object
        .fixup_and_sanitize_btf(features)
        .map_err(|error| LoadError::Object(error.to_string()))?
        .ok_or_else(no_btf)?;
    bpf_call::load_btf(&btf.to_bytes()).map_err(LoadError::OwnBtf)
}

fn map_fd(map: &Map) -> i32 {
    let data = match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::RingBuf(data) => data,
        // The object has no other kinds; a new one belongs in the list above.
        _ => return -1,
    };
    data.fd().as_fd().as_raw_fd()
}

/// Turns the stand-in helper calls of `tracer_common::kfunc` into calls of the kernel's functions.
fn link_kfuncs(
    instructions: &mut [bpf_insn],
    known: &mut Option<HashMap<&'static str, u32>>,
) -> Result<(), LoadError> {
    const CALL: u8 = 0x85;
    const PSEUDO_KFUNC_CALL: u8 = 2;
    for instruction in instructions
        .iter_mut()
        .filter(|i| i.code == CALL && i.src_reg() == 0)
    {
        let wanted = kfunc::ALL
            .iter()
            .find(|(number, _)| instruction.imm == *number as i32);
        let Some((_, name)) = wanted else { continue };
        let ids = match known {
            Some(ids) => ids,
            None => known.insert(kernel_btf::function_ids(&kfunc::ALL.map(|(_, name)| name))?),
        };
        let id = ids.get(name).ok_or(LoadError::MissingFunction(name))?;
        instruction.set_src_reg(PSEUDO_KFUNC_CALL);
        instruction.imm = i32::try_from(*id).map_err(|_| LoadError::MissingFunction(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{
        mechanism::{Mechanism, ProgramSet, attachments},
        plan::ProbeRole,
        test_needs,
    };

    /// The verifier accepts every program in every mechanism that this kernel offers.
    #[test]
    fn the_kernel_takes_every_program() {
        let Some(mut loaded) = test_needs::loaded() else {
            return;
        };
        let sessions =
            kernel_btf::function_ids(&["bpf_session_cookie"]).is_ok_and(|found| found.len() == 1);
        let mechanisms: &[Mechanism] = if sessions {
            &[Mechanism::Session, Mechanism::Multi]
        } else {
            &[Mechanism::Multi]
        };
        for mechanism in mechanisms {
            for set in [ProgramSet::Capture, ProgramSet::Bare] {
                for role in ProbeRole::ALL {
                    for attachment in attachments(*mechanism, set, role) {
                        loaded
                            .program(attachment.program, attachment.attach_type)
                            .unwrap();
                    }
                }
            }
        }
    }
}
