//! OpenSSL, whose errors name the function that raises them.
//!
//! ```c
//! void ERR_set_debug(const char *file, int line, const char *function);  // 3.x
//! void ERR_put_error(int library, int function, int reason, const char *file, int line);  // 1.1
//!
//! int SSL_read(SSL *s, void *buf, int num);
//! static int ssl_read_internal(SSL *s, void *buf, size_t num, size_t *readbytes);
//! int SSL_write(SSL *s, const void *buf, int num);
//! static int ssl_write_internal(SSL *s, const void *buf, size_t num[, uint64_t flags], size_t *written);
//! ```
//!
//! `SSL_read_ex` and `SSL_write_ex` come to the internal functions, too, so these are probed. Their
//! name is the first sign; the second is that `SSL_read` (or `SSL_write`), known by its own name,
//! passes its object and its buffer on to them, with a pointer into its own frame for the count.

use super::super::super::plan::{CountLocation, ProbeRole};
use super::super::x86_64_frame::Value;
use super::conduct::Branch;
use super::function::Function;
use super::known::{Known, only};

/// Names that are looked for.
pub const NAMES: [&str; 7] = [
    "SSL_read",
    "SSL_peek",
    "ssl_read_internal",
    "SSL_write",
    "ssl_write_internal",
    "SSL_new",
    "SSL_shutdown",
];
/// The same as numbers of OpenSSL 1.1 (`SSL_F_…` in `sslerr.h`).
const NUMBERS: [u64; 7] = [223, 270, 523, 208, 524, 186, 224];
/// `ERR_LIB_SSL`.
const LIBRARY: u64 = 20;

/// Addresses of constants.
#[derive(Debug)]
pub struct Constants<'a> {
    /// Of the path of `ssl_lib.c`.
    pub files: &'a [u64],
    /// Of names, by their index in [`NAMES`].
    pub names: &'a [(usize, u64)],
}

/// What can be recognised among the functions that raise errors of `ssl_lib.c`.
pub fn recognise(functions: &[Function], constants: &Constants<'_>) -> Vec<Known> {
    let named = Named {
        functions,
        constants,
    };
    let transfer = |role, plain, internal, unrelated: Option<&str>| {
        let callee = named.get(internal)?;
        let count = handed_on(named.get(plain)?, callee.entry)?;
        let others = unrelated.and_then(|name| named.get(name));
        let elsewhere = others.is_some_and(|other| calls(other, callee.entry));
        (!elsewhere).then_some(Known {
            name: internal,
            entry: callee.entry,
            role,
            count,
        })
    };
    let lifetime = |role, name| {
        let function = named.get(name)?;
        let count = CountLocation::None;
        let entry = function.entry;
        Some(Known {
            name,
            entry,
            role,
            count,
        })
    };
    [
        transfer(
            ProbeRole::Read,
            "SSL_read",
            "ssl_read_internal",
            Some("SSL_peek"),
        ),
        transfer(ProbeRole::Write, "SSL_write", "ssl_write_internal", None),
        lifetime(ProbeRole::Open, "SSL_new"),
        lifetime(ProbeRole::Shutdown, "SSL_shutdown"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct Named<'a> {
    functions: &'a [Function],
    constants: &'a Constants<'a>,
}

impl<'a> Named<'a> {
    /// The only function that raises errors in this name, and in no other.
    fn get(&self, name: &str) -> Option<&'a Function> {
        only(self.functions.iter().filter(|function| {
            let mut names = function
                .conduct
                .branches
                .iter()
                .filter_map(|branch| self.raised_as(branch));
            names.next().is_some_and(|first| first == name) && names.all(|other| other == name)
        }))
    }

    fn raised_as(&self, branch: &Branch) -> Option<&'static str> {
        let Constants { files, names } = self.constants;
        let is_file = |index| branch.address(index).is_some_and(|at| files.contains(&at));
        let index = if is_file(0) {
            let name = branch.address(2)?;
            names.iter().find(|(_, address)| *address == name)?.0
        } else if is_file(3) && branch.number(0) == Some(LIBRARY) {
            let number = branch.number(1)?;
            NUMBERS.iter().position(|known| *known == number)?
        } else {
            return None;
        };
        NAMES.get(index).copied()
    }
}

fn calls(function: &Function, callee: u64) -> bool {
    function.conduct.calls_of(callee).next().is_some()
}

/// Where the pointer to the count is when `plain` passes its arguments on to `callee`.
fn handed_on(plain: &Function, callee: u64) -> Option<CountLocation> {
    let call = only(plain.conduct.calls_of(callee))?;
    let own = call.passes(0, 0) && call.passes(1, 1);
    let is_own_frame = |index| matches!(call.argument(index), Value::Stack(_));
    if !own {
        None
    } else if is_own_frame(3) {
        Some(CountLocation::FourthArgument)
    } else if is_own_frame(4) {
        Some(CountLocation::FifthArgument)
    } else {
        None
    }
}
