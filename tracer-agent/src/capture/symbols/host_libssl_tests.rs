//! The plan for the host's own libssl, compared with what another reader of ELF finds in it.

use std::path::{Path, PathBuf};

use object::{Object, ObjectSegment, ObjectSymbol};

use super::super::plan::{ProbeCost, ProbePlan, ProbePoint, ProbeRole, Returns};
use super::{ElfImage, plan};

/// The host's libssl, unless there is none.
fn host_libssl() -> Option<PathBuf> {
    let directories = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let names = ["libssl.so.3", "libssl.so.1.1"];
    let mut paths = directories
        .iter()
        .flat_map(|dir| names.map(|name| Path::new(dir).join(name)));
    let path = paths.find(|path| path.exists());
    if path.is_none() {
        println!("skipped: no libssl for x86-64 in the system directories");
    }
    path
}

#[test]
fn the_hosts_own_libssl_is_probed_at_emulated_instructions() {
    let Some(path) = host_libssl() else { return };
    let image = ElfImage::open(&path).expect("open");
    let plan = plan(&image, Returns::Probed).expect("plan");
    let bytes = std::fs::read(&path).expect("read");
    let write = only(&plan, ProbeRole::Write);
    let skipped = write.file_offset - first_direct_call(&bytes, "SSL_write_ex");
    assert!(
        skipped <= 16,
        "{} is not at the callee of SSL_write_ex",
        write.name
    );
    let reads = plan
        .points
        .iter()
        .filter(|point| point.role == ProbeRole::ReadResult);
    assert!(reads.clone().count() > 0, "{:?}", plan.points);
    for point in reads.chain([write]) {
        let code = &bytes[point.file_offset as usize..];
        let push = matches!(code, [0x50..=0x57, ..] | [0x41, 0x50..=0x57, ..]);
        let jcc = matches!(code, [0x70..=0x7f, ..] | [0x0f, 0x80..=0x8f, ..]);
        let jump_or_call = matches!(code, [0xe8 | 0xe9 | 0xeb, ..]);
        assert!(
            push || jcc || jump_or_call,
            "{}: {:02x?}",
            point.name,
            &code[..6]
        );
        assert_eq!(point.cost, ProbeCost::Emulated);
    }
    for role in [ProbeRole::Close, ProbeRole::Shutdown] {
        assert!(
            plan.points.iter().any(|point| point.role == role),
            "{role:?}"
        );
    }
}

/// Without return probes a write is seen where it comes back to in each exported function.
#[test]
fn writes_of_the_hosts_own_libssl_need_no_return_probe() {
    let Some(path) = host_libssl() else { return };
    let image = ElfImage::open(&path).expect("open");
    let plan = plan(&image, Returns::Plain).expect("plan");
    let bytes = std::fs::read(&path).expect("read");
    let file = object::File::parse(&*bytes).expect("elf");
    for name in ["SSL_write", "SSL_write_ex"] {
        let symbol = file
            .dynamic_symbols()
            .find(|symbol| symbol.name() == Ok(name))
            .expect("symbol");
        let start = offset_of(&file, symbol.address());
        let body = start..start + symbol.size();
        let returns = |point: &&ProbePoint| {
            point.role == ProbeRole::WriteReturned && body.contains(&point.file_offset)
        };
        let wrapped = plan.points.iter().filter(returns).count() == 1;
        // Where one wrapper leaves to another, only that one comes back.
        assert!(
            wrapped || name == "SSL_write_ex",
            "{name}: {:?}",
            plan.points
        );
    }
    assert!(
        plan.points
            .iter()
            .all(|point| point.role != ProbeRole::Read)
    );
}

fn only(plan: &ProbePlan, role: ProbeRole) -> &ProbePoint {
    let mut points = plan.points.iter().filter(|point| point.role == role);
    let point = points.next().expect("a point");
    assert!(points.next().is_none(), "{role:?} has several points");
    point
}

/// The file offset that the first direct call in a function leads to, found with another ELF
/// reader than the one under test. Tail jumps to a sibling are followed.
fn first_direct_call(bytes: &[u8], function: &str) -> u64 {
    let file = object::File::parse(bytes).expect("elf");
    let symbol = file
        .dynamic_symbols()
        .find(|symbol| symbol.name() == Ok(function));
    let mut address = symbol.expect("symbol").address();
    loop {
        let code = &bytes[offset_of(&file, address) as usize..];
        let mut decoder = iced_x86::Decoder::with_ip(64, code, address, 0);
        let branch = decoder
            .iter()
            .find(|i| i.is_call_near() || i.is_jmp_short_or_near())
            .expect("a call or jump");
        address = branch.near_branch_target();
        if branch.is_call_near() {
            return offset_of(&file, address);
        }
    }
}

fn offset_of(file: &object::File<'_>, address: u64) -> u64 {
    let segment = file.segments().find_map(|segment| {
        let within = (segment.address()..segment.address() + segment.size()).contains(&address);
        within.then(|| (segment.address(), segment.file_range().0))
    });
    let (start, offset) = segment.expect("segment");
    offset + (address - start)
}
