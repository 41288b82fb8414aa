use std::path::Path;

use object::{Object, ObjectSymbol};

use super::super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::{CODE_OFFSET, Fixture};
use super::super::{ElfImage, NotTraceable, plan};

/// `push %rbx; ret`
const PUSHES: &[u8] = b"\x53\xc3";
/// `sub $8,%rsp; cmpb $0,0x6b8(%rdi); ret`
const LOWERS: &[u8] = b"\x48\x83\xec\x08\x80\xbf\xb8\x06\0\0\0\xc3";
/// `movl $1,0x548(%rdi); ret`
const STORES: &[u8] = b"\xc7\x87\x48\x05\0\0\x01\0\0\0\xc3";
/// `xor %r8d,%r8d; xor %ecx,%ecx; jmp …`
const PASSES_ON: &[u8] = b"\x45\x31\xc0\x31\xc9\xe9\0\0\0\0";
const PASSES_ON_END: u64 = 10;

/// As compilers leave 3.7; the places of the two functions that are called for both directions.
fn library() -> (Fixture, u64, u64) {
    let mut fixture = Fixture::default();
    let receive = fixture.function("gnutls_record_recv", LOWERS);
    let send2 = fixture.function("gnutls_record_send2", PUSHES);
    let send = fixture.function("gnutls_record_send", PASSES_ON);
    fixture.link(send + PASSES_ON_END, send2);
    fixture.function("gnutls_record_cork", STORES);
    fixture.function("gnutls_record_uncork", PUSHES);
    fixture.function("gnutls_bye", PUSHES);
    fixture.function("gnutls_deinit", PUSHES);
    (fixture, receive, send2)
}

fn planned(fixture: &Fixture) -> ProbePlan {
    plan(&fixture.image(), Returns::Probed).expect("plan")
}

fn points(plan: &ProbePlan, role: ProbeRole) -> Vec<(u64, CountLocation, ProbeCost)> {
    let points = plan.points.iter().filter(|point| point.role == role);
    points
        .map(|point| (point.file_offset - CODE_OFFSET, point.count, point.cost))
        .collect()
}

#[test]
fn each_direction_is_probed_once() {
    let (fixture, receive, send2) = library();
    let plan = planned(&fixture);
    assert_eq!(
        (plan.found[0].family, plan.found[0].located),
        (TlsFamily::GnuTls, Located::Symbols)
    );
    use CountLocation::Return;
    assert_eq!(
        points(&plan, ProbeRole::Read),
        [(receive, Return, ProbeCost::SingleStepped)]
    );
    assert_eq!(
        points(&plan, ProbeRole::Write),
        [(send2, Return, ProbeCost::Emulated)]
    );
    for role in [
        ProbeRole::Cork,
        ProbeRole::Uncork,
        ProbeRole::Shutdown,
        ProbeRole::Close,
    ] {
        assert_eq!(points(&plan, role).len(), 1, "{role:?}");
    }
}

#[test]
fn a_release_without_the_second_send_is_probed_at_the_first() {
    let mut fixture = Fixture::default();
    fixture.function("gnutls_record_recv", PUSHES);
    let send = fixture.function("gnutls_record_send", PUSHES);
    let plan = planned(&fixture);
    let expected = (send, CountLocation::Return, ProbeCost::Emulated);
    assert_eq!(points(&plan, ProbeRole::Write), [expected]);
}

#[test]
fn two_sends_that_work_for_themselves_are_both_probed() {
    let (mut fixture, ..) = library();
    let own = fixture.place(PUSHES);
    let send = fixture
        .symbols
        .iter()
        .find(|symbol| symbol.0 == "gnutls_record_send")
        .expect("send")
        .1;
    fixture.link(send + PASSES_ON_END, own);
    assert_eq!(points(&planned(&fixture), ProbeRole::Write).len(), 2);
}

#[test]
fn on_arm64_as_well() {
    const AARCH64: u16 = 183;
    /// `stp x29, x30, [sp, #-16]!; ret`
    const SAVES: &[u8] = b"\xfd\x7b\xbf\xa9\xc0\x03\x5f\xd6";
    /// `mov w4, #0; mov x3, #0; b -24`, to the function that begins right before.
    const PASSES_ON: &[u8] = b"\x04\0\x80\x52\x03\0\x80\xd2\xfa\xff\xff\x17";
    let mut fixture = Fixture {
        machine: Some(AARCH64),
        ..Fixture::default()
    };
    let receive = fixture.function("gnutls_record_recv", SAVES);
    let send2 = fixture.function("gnutls_record_send2", SAVES);
    let send = fixture.function("gnutls_record_send", PASSES_ON);
    assert_eq!(send + 8 - 24, send2);
    let plan = planned(&fixture);
    let expected = |at| [(at, CountLocation::Return, ProbeCost::SingleStepped)];
    assert_eq!(points(&plan, ProbeRole::Read), expected(receive));
    assert_eq!(points(&plan, ProbeRole::Write), expected(send2));
}

#[test]
fn one_direction_alone_is_not_probed() {
    let mut fixture = Fixture::default();
    fixture.function("gnutls_record_recv", PUSHES);
    let refused = plan(&fixture.image(), Returns::Probed).expect_err("one direction");
    assert_eq!(refused, NotTraceable::GnuTls);
}

#[test]
fn where_return_probes_harm_it_is_not_probed() {
    let (fixture, ..) = library();
    let refused = plan(&fixture.image(), Returns::Plain).expect_err("no return probes");
    assert_eq!(refused, NotTraceable::NeedsReturnProbes);
}

/// Compared with what another reader of ELF finds.
#[test]
fn the_hosts_own_libgnutls() {
    let path = Path::new("/usr/lib/x86_64-linux-gnu/libgnutls.so.30");
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return;
    }
    let image = ElfImage::open(path).expect("open");
    let plan = plan(&image, Returns::Probed).expect("plan");
    let bytes = std::fs::read(path).expect("read");
    let file = object::File::parse(&*bytes).expect("elf");
    let address = |name: &str| {
        let symbol = file
            .dynamic_symbols()
            .find(|symbol| symbol.name() == Ok(name));
        image.file_offset(symbol.expect("symbol").address())
    };
    let at = |role| {
        let points = plan.points.iter().filter(move |point| point.role == role);
        points
            .map(|point| Some(point.file_offset))
            .collect::<Vec<_>>()
    };
    assert_eq!(at(ProbeRole::Write), [address("gnutls_record_send2")]);
    assert_eq!(
        at(ProbeRole::Read),
        [
            address("gnutls_record_recv"),
            address("gnutls_record_recv_seq")
        ]
    );
    assert_eq!(at(ProbeRole::Close).len(), 1);
}
