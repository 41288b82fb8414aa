//! The machines that can be emulated, and what differs between them.

use std::fmt;

/// Of what kind the guest's processors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    /// x86-64, the host's own.
    X86_64,
    /// arm64, on any host.
    Arm64,
}

impl Architecture {
    /// What Debian calls it.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The emulator.
    pub const fn emulator(self) -> &'static str {
        match self {
            Self::X86_64 => "qemu-system-x86_64",
            Self::Arm64 => "qemu-system-aarch64",
        }
    }

    /// The package that the emulator is in.
    pub const fn emulator_package(self) -> &'static str {
        match self {
            Self::X86_64 => "qemu-system-x86",
            Self::Arm64 => "qemu-system-arm",
        }
    }

    /// The machine and its processors. Of arm64 one that servers have: what newer ones add, the
    /// emulator computes at great length.
    pub const fn machine(self) -> &'static str {
        match self {
            Self::X86_64 => "-machine q35 -cpu max",
            Self::Arm64 => "-machine virt -cpu neoverse-n1",
        }
    }

    /// The port that the kernel's console is on.
    pub const fn console(self) -> &'static str {
        match self {
            Self::X86_64 => "ttyS0",
            Self::Arm64 => "ttyAMA0",
        }
    }

    /// The port that the guest's script talks on.
    pub const fn talk(self) -> &'static str {
        match self {
            Self::X86_64 => "ttyS1",
            Self::Arm64 => "ttyS0",
        }
    }

    /// What makes a file of the port that the script talks on: machines
    /// for arm64 come with one serial port, and the kernel's other drivers are modules.
    pub fn talk_device(self, file: &str) -> Vec<String> {
        match self {
            Self::X86_64 => vec!["-serial".to_owned(), format!("file:{file}")],
            Self::Arm64 => vec![
                "-chardev".to_owned(),
                format!("file,id=talk,path={file}"),
                "-device".to_owned(),
                "pci-serial,chardev=talk".to_owned(),
            ],
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86-64",
            Self::Arm64 => "arm64",
        })
    }
}
