use std::path::Path;

use super::super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::{CODE_ADDRESS, CODE_OFFSET, CONSTANTS_ADDRESS, Fixture};
use super::super::{ElfImage, NotTraceable, plan};
use super::{ADDRESS, CLOSE, ENTRIES, READ, RECV, SEND, SHARED, WRITE};

/// `push %rbx; ret`
const PUSHES: &[u8] = b"\x53\xc3";
/// `xor %ecx,%ecx; jmp …`
const WITHOUT_FLAGS: &[u8] = b"\x31\xc9\xe9\0\0\0\0";
const WITHOUT_FLAGS_END: u64 = 7;
/// The tables begin at a multiple of their entries' size.
const TABLES_AT: u64 = 16;

/// A library with one table behind the other; an accept of its own has none.
#[derive(Default)]
struct Library {
    fixture: Fixture,
    tables: u64,
}

impl Library {
    fn new() -> Self {
        let mut library = Self::default();
        library.fixture.function("SSL_ImportFD", PUSHES);
        library
    }

    /// Functions for all entries, of which the shared ones are those of another table.
    fn functions(&mut self, sibling: Option<&[u64; ENTRIES]>) -> [u64; ENTRIES] {
        std::array::from_fn(|entry| match (entry, sibling) {
            (super::ACCEPT, _) => 0,
            (entry, Some(sibling)) if SHARED.contains(&entry) => sibling[entry],
            (READ | WRITE, _) => self.fixture.place(WITHOUT_FLAGS),
            _ => self.fixture.place(PUSHES),
        })
    }

    /// Has an entry leave to another function.
    fn link(&mut self, entry: u64, other: u64) {
        self.fixture.link(entry + WITHOUT_FLAGS_END, other);
    }

    fn table(&mut self, functions: &[u64; ENTRIES]) {
        let at = CONSTANTS_ADDRESS + TABLES_AT + self.tables * ENTRIES as u64 * ADDRESS;
        for (entry, function) in (0..).zip(functions) {
            if *function != 0 {
                let pointer = (at + entry * ADDRESS, CODE_ADDRESS + function);
                self.fixture.pointers.push(pointer);
            }
        }
        self.tables += 1;
        let size = self.tables * ENTRIES as u64 * ADDRESS;
        self.fixture.addresses = Some((TABLES_AT, size));
        self.fixture
            .constants
            .resize((TABLES_AT + size) as usize, 0);
    }

    fn plan(&self) -> Result<ProbePlan, NotTraceable> {
        plan(&self.fixture.image(), Returns::Probed)
    }
}

/// Sockets with TLS, and without, as in NSS; the functions of the former.
fn library() -> (Library, [u64; ENTRIES]) {
    let mut library = Library::new();
    let secure = library.functions(None);
    library.link(secure[READ], secure[RECV]);
    library.link(secure[WRITE], secure[SEND]);
    let plain = library.functions(Some(&secure));
    let elsewhere = library.fixture.place(PUSHES);
    library.link(plain[READ], elsewhere);
    library.link(plain[WRITE], elsewhere);
    library.table(&secure);
    library.table(&plain);
    (library, secure)
}

#[test]
fn the_functions_of_sockets_with_tls_are_probed() {
    let (library, secure) = library();
    let plan = library.plan().expect("plan");
    assert_eq!(
        (plan.found[0].family, plan.found[0].located),
        (TlsFamily::Nss, Located::Tables)
    );
    let points: Vec<_> = plan
        .points
        .iter()
        .map(|point| {
            let at = point.file_offset - CODE_OFFSET;
            (point.role, at, point.count, point.cost)
        })
        .collect();
    use ProbeCost::Emulated;
    let expected = [
        (
            ProbeRole::Read,
            secure[RECV],
            CountLocation::ReturnUnlessPeeked,
            Emulated,
        ),
        (
            ProbeRole::Write,
            secure[SEND],
            CountLocation::Return,
            Emulated,
        ),
        (
            ProbeRole::Close,
            secure[CLOSE],
            CountLocation::None,
            Emulated,
        ),
    ];
    assert_eq!(points, expected);
}

#[test]
fn a_read_that_goes_elsewhere_is_not_understood() {
    let (mut library, secure) = library();
    library.link(secure[READ], secure[SEND]);
    assert_eq!(library.plan().expect_err("refused"), NotTraceable::Nss);
}

#[test]
fn a_table_alone_is_not_taken() {
    let mut library = Library::new();
    let secure = library.functions(None);
    library.link(secure[READ], secure[RECV]);
    library.link(secure[WRITE], secure[SEND]);
    library.table(&secure);
    assert_eq!(library.plan().expect_err("refused"), NotTraceable::Nss);
}

#[test]
fn two_tables_that_may_be_it_are_none() {
    let (mut library, _) = library();
    let other = library.functions(None);
    library.link(other[READ], other[RECV]);
    library.link(other[WRITE], other[SEND]);
    let sibling = library.functions(Some(&other));
    library.table(&other);
    library.table(&sibling);
    assert_eq!(library.plan().expect_err("refused"), NotTraceable::Nss);
}

#[test]
fn the_hosts_own_libssl3() {
    let path = Path::new("/usr/lib/x86_64-linux-gnu/libssl3.so");
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return;
    }
    let image = ElfImage::open(path).expect("open");
    let plan = plan(&image, Returns::Probed).expect("plan");
    assert_eq!(plan.found[0].family, TlsFamily::Nss);
    let roles: Vec<ProbeRole> = plan.points.iter().map(|point| point.role).collect();
    assert_eq!(roles, [ProbeRole::Read, ProbeRole::Write, ProbeRole::Close]);
    // Both directions keep six registers, so their probes cost little.
    for point in plan.points.iter().take(2) {
        assert_eq!(point.cost, ProbeCost::Emulated, "{}", point.name);
    }
}
