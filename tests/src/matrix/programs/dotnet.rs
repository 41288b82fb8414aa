//! .NET, whose TLS is libssl.

use crate::matrix::program::Listed;

pub fn programs() -> Vec<Listed> {
    vec![Listed::Absent {
        name: ".NET, HttpClient".to_owned(),
        reason: "no .NET in the registries that the tests install from".to_owned(),
    }]
}
