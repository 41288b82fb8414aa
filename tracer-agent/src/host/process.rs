//! A process as telemetry sees it.

use std::{borrow::Cow, fmt};

use tracer_core::{
    segment::ProcessKey,
    semconv::{Attributes, Value, resource as names},
};

use super::{
    cgroup::{self, Placement},
    container_name::{self, ContainerName},
    machine::Machine,
    procfs::{ProcFs, Stat, read_text},
    program::{Runtime, file_name},
    script::script_name,
    target_environment::TargetEnvironment,
};

/// Most bytes read of a user database.
const PASSWD_BYTES: u64 = 256 << 10;
/// `service.name` of a process of which nothing is known: the conventions' default. Never an id: each
/// process would be a service of its own.
const UNKNOWN_SERVICE: &str = "unknown_service";
/// Digits of a container's id that people use.
const SHORT_ID: usize = 12;

/// Facts of one process, numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessInfo {
    /// The capture side's number for (pid, start time, program).
    pub key: ProcessKey,
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// Short name for people: script or binary.
    pub name: String,
    /// Resource attributes: `service.name`, `process.*`, `container.id` …
    pub resource: Attributes,
    /// Which of them the process itself says.
    pub said: Vec<String>,
    /// Where it runs.
    pub placement: Placement,
    /// How often more became known of it: each time its resource is another one.
    pub revision: u32,
    /// Whether nothing is known of its program, as it was gone before anybody looked.
    pub is_nameless: bool,
}

impl ProcessInfo {
    /// A process of which no more is known.
    pub fn new(key: ProcessKey, pid: u32, name: String, resource: Attributes) -> Self {
        Self {
            key,
            pid,
            name,
            resource,
            said: Vec::new(),
            placement: Placement::default(),
            revision: 0,
            is_nameless: false,
        }
    }

    /// Whether the process says this attribute of itself.
    pub fn says(&self, attribute: &str) -> bool {
        self.said.iter().any(|said| said == attribute)
    }
}

/// Facts of one process, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessFacts {
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// When the process started, in clock ticks since boot; `None` if it had ended.
    pub start_ticks: Option<u64>,
    /// See [`ProcessInfo`].
    pub name: String,
    /// See [`ProcessInfo`].
    pub resource: Attributes,
    /// See [`ProcessInfo`].
    pub said: Vec<String>,
    /// See [`ProcessInfo`].
    pub placement: Placement,
    /// See [`ProcessInfo`].
    pub is_nameless: bool,
}

impl ProcessFacts {
    /// Path of the program, if known.
    pub(super) fn executable_path(&self) -> Option<Cow<'static, str>> {
        let is_path =
            |(name, _): &&(Cow<'static, str>, Value)| name == names::PROCESS_EXECUTABLE_PATH;
        match &self.resource.iter().find(is_path)?.1 {
            Value::Str(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// The same under a number.
    pub fn numbered(&self, key: ProcessKey) -> ProcessInfo {
        ProcessInfo {
            key,
            pid: self.pid,
            name: self.name.clone(),
            resource: self.resource.clone(),
            said: self.said.clone(),
            placement: self.placement.clone(),
            revision: 0,
            is_nameless: self.is_nameless,
        }
    }
}

/// Reads the facts of processes.
#[derive(Debug, Clone)]
pub struct Inspector {
    proc: ProcFs,
    machine: Machine,
    /// The agent's own container: it does not tell the processes in it apart.
    own_container: Option<String>,
}

impl Inspector {
    /// For the processes of one proc file system.
    pub fn new(proc: ProcFs) -> Self {
        let machine = Machine::read(&proc);
        let own_cgroup = read_text(&proc.root().join("self/cgroup"), PASSWD_BYTES);
        let own_container = cgroup::placement(&own_cgroup.unwrap_or_default()).container_id;
        Self {
            proc,
            machine,
            own_container,
        }
    }

    /// Where the facts are read.
    pub const fn proc(&self) -> &ProcFs {
        &self.proc
    }

    /// The id of this very process, among all that ever have its number.
    pub(super) fn instance(&self, pid: u32, start_ticks: u64) -> String {
        format!("{}-{pid}-{start_ticks}", self.machine.name)
    }

    /// All facts of a process. One that has ended already is described as far as known: its
    /// calls still count.
    pub fn inspect(&self, pid: u32) -> ProcessFacts {
        let stat = self.proc.stat(pid);
        let program = ProgramFacts::read(&self.proc, pid, stat.as_ref());
        self.describe(pid, &self.around(pid, stat), program)
    }

    /// The facts of a process that hold for every program that runs in it: of one that has been
    /// replaced nothing else can be read.
    pub fn inspect_around_program(&self, pid: u32) -> ProcessFacts {
        let stat = self.proc.stat(pid);
        self.describe(pid, &self.around(pid, stat), ProgramFacts::default())
    }

    pub(super) fn around(&self, pid: u32, stat: Option<Stat>) -> AroundProgram {
        AroundProgram {
            start_ticks: stat.as_ref().map(|stat| stat.start_ticks),
            began: stat.as_ref().map_or(0, |stat| stat.start_ticks),
            parent: stat.map(|stat| stat.parent),
            placement: cgroup::placement(&self.proc.cgroup(pid)),
        }
    }

    pub(super) fn describe(
        &self,
        pid: u32,
        around: &AroundProgram,
        program: ProgramFacts,
    ) -> ProcessFacts {
        let placement = around.placement.clone();
        let container = placement
            .container_id
            .as_deref()
            .and_then(|id| container_name::lookup(&self.proc, id));
        let name = program.name.clone();
        let is_nameless = name.is_none();
        let name = name.unwrap_or_else(|| format!("pid {pid}"));
        let environment = program.environment;
        let said = environment.names();

        let mut resource = Resource::default();
        let service = environment
            .service_name
            .or_else(|| environment.attributes.get(names::SERVICE_NAME).cloned())
            .or_else(|| self.placed_name(&placement, container.as_ref()))
            .or(program.name)
            .unwrap_or_else(|| UNKNOWN_SERVICE.to_owned());
        resource.text(names::SERVICE_NAME, service);
        for (attribute, value) in environment.attributes {
            if !is_observed(&attribute) {
                resource.text(attribute, value);
            }
        }
        let instance = self.instance(pid, around.began);
        resource.text(names::SERVICE_INSTANCE_ID, instance);
        resource.int(names::PROCESS_PID, pid);
        if let Some(parent) = around.parent {
            resource.int(names::PROCESS_PARENT_PID, parent);
        }
        let exe = program.exe.as_deref();
        resource.maybe(names::PROCESS_EXECUTABLE_NAME, exe.map(file_name));
        resource.maybe(names::PROCESS_EXECUTABLE_PATH, exe);
        resource.maybe(names::PROCESS_OWNER, program.owner);
        let runtime = program.runtime.and_then(Runtime::name);
        resource.maybe(names::PROCESS_RUNTIME_NAME, runtime);
        resource.container(&placement, container);
        for (attribute, value) in &self.machine.attributes {
            resource.add(attribute.clone(), value.clone());
        }
        ProcessFacts {
            pid,
            start_ticks: around.start_ticks,
            name,
            resource: resource.attributes,
            said,
            placement,
            is_nameless,
        }
    }

    /// A name by where the process runs.
    fn placed_name(&self, placement: &Placement, name: Option<&ContainerName>) -> Option<String> {
        let container = || match name {
            Some(ContainerName::Docker(name)) => Some(name.clone()),
            Some(ContainerName::Kubernetes { container, .. }) => Some(container.clone()),
            None => {
                let short_id = || placement.container_id.as_ref()?.get(..SHORT_ID);
                placement
                    .container_name
                    .as_deref()
                    .or_else(short_id)
                    .map(str::to_owned)
            }
        };
        let shared =
            placement.container_id.is_some() && placement.container_id == self.own_container;
        (!shared)
            .then(container)
            .flatten()
            .or_else(|| placement.unit.clone())
    }
}

/// What is true of a process whatever program it runs.
#[derive(Debug, Default)]
pub(super) struct AroundProgram {
    /// As read; see [`ProcessFacts`].
    pub(super) start_ticks: Option<u64>,
    /// The same as far as known, for telling it from others of its number.
    pub(super) began: u64,
    pub(super) parent: Option<u32>,
    pub(super) placement: Placement,
}

/// What is true of a process only while it runs one program.
#[derive(Debug, Default)]
pub(super) struct ProgramFacts {
    exe: Option<String>,
    runtime: Option<Runtime>,
    name: Option<String>,
    owner: Option<String>,
    environment: TargetEnvironment,
}

impl ProgramFacts {
    fn read(proc: &ProcFs, pid: u32, stat: Option<&Stat>) -> Self {
        let exe = proc.exe(pid);
        let program = exe
            .as_deref()
            .map(file_name)
            .or(stat.map(|stat| stat.name.as_str()));
        let runtime = program.and_then(Runtime::of);
        let script = runtime.and_then(|it| script_name(it, &proc.command_line(pid)));
        Self {
            runtime,
            name: script.or_else(|| program.map(str::to_owned)),
            owner: owner(proc, pid),
            environment: TargetEnvironment::read(proc, pid),
            exe,
        }
    }

    /// Of a program of which no more than its name and, perhaps, its path was told.
    pub(super) fn told(name: &str, path: Option<&str>) -> Self {
        let program = path.map_or(name, file_name);
        Self {
            exe: path.map(str::to_owned),
            runtime: Runtime::of(program),
            name: Some(program.to_owned()),
            ..Self::default()
        }
    }
}

/// Name of the user by the process's own database, else the number.
fn owner(proc: &ProcFs, pid: u32) -> Option<String> {
    let id = proc.user_id(pid)?.to_string();
    let users = read_text(&proc.path(pid, "root").join("etc/passwd"), PASSWD_BYTES);
    let name = users
        .as_deref()
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == id).then(|| name.to_owned())
        });
    Some(name.unwrap_or(id))
}

/// Attributes where what is seen beats what a process says of itself.
pub(super) fn is_observed(attribute: &str) -> bool {
    attribute.starts_with("process.")
        || attribute.starts_with("telemetry.")
        || [names::CONTAINER_ID, names::OS_TYPE, names::HOST_ARCH].contains(&attribute)
}

/// Attributes, the first of each name.
#[derive(Default)]
struct Resource {
    attributes: Attributes,
}

impl Resource {
    fn add(&mut self, name: Cow<'static, str>, value: Value) {
        if self
            .attributes
            .iter()
            .all(|(existing, _)| *existing != name)
        {
            self.attributes.push((name, value));
        }
    }

    fn text(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) {
        self.add(name.into(), Value::Str(value.into()));
    }

    fn int(&mut self, name: &'static str, value: u32) {
        self.add(name.into(), Value::Int(value.into()));
    }

    fn maybe(&mut self, name: &'static str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.text(name, value.to_string());
        }
    }

    fn container(&mut self, placement: &Placement, name: Option<ContainerName>) {
        self.maybe(names::CONTAINER_ID, placement.container_id.as_deref());
        self.maybe(names::CONTAINER_NAME, placement.container_name.as_deref());
        self.maybe(names::K8S_POD_UID, placement.pod_uid.as_deref());
        match name {
            Some(ContainerName::Docker(name)) => self.text(names::CONTAINER_NAME, name),
            Some(ContainerName::Kubernetes {
                pod,
                namespace,
                container,
            }) => {
                self.text(names::K8S_POD_NAME, pod);
                self.text(names::K8S_NAMESPACE_NAME, namespace);
                self.text(names::K8S_CONTAINER_NAME, container);
            }
            None => {}
        }
    }
}
