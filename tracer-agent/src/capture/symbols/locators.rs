//! Asks each locator in turn what it finds in a file: one may hold several TLS implementations.

use super::super::plan::{ProbePlan, Returns};
use super::elf::{ElfImage, Machine};
use super::not_traceable::NotTraceable;
use super::{error_sites, gnutls, go, nss, openssl, rustls};

/// Plans the probes of one TLS implementation; `None` where the file holds nothing of it.
type Locator = fn(&ElfImage) -> Result<Option<ProbePlan>, NotTraceable>;

/// All but OpenSSL, which comes first: what it has names for needs no search by errors.
const LOCATORS: [Locator; 4] = [go::plan, gnutls::plan, nss::plan, rustls::plan];

/// Plans the probes of a file, or tells why there is nothing to probe.
pub fn plan(image: &ElfImage, returns: Returns) -> Result<ProbePlan, NotTraceable> {
    if let machine @ Machine::Other(_) = image.machine() {
        return Err(NotTraceable::WrongArchitecture(machine));
    }
    let mut sum = Sum::default();
    if !sum.take(openssl::plan(image, returns)) {
        sum.take(usable(error_sites::plan(image), returns));
    }
    for locate in LOCATORS {
        sum.take(usable(locate(image), returns));
    }
    sum.plan(image)
}

/// A plan that is seen by returns is none where these are not probed.
fn usable(
    found: Result<Option<ProbePlan>, NotTraceable>,
    returns: Returns,
) -> Result<Option<ProbePlan>, NotTraceable> {
    match found {
        Ok(Some(plan)) if returns == Returns::Plain && plan.needs_returns() => {
            Err(NotTraceable::NeedsReturnProbes)
        }
        other => other,
    }
}

/// What was found so far.
#[derive(Default)]
struct Sum {
    found: Option<ProbePlan>,
    missed: Vec<NotTraceable>,
}

impl Sum {
    /// Takes in what one locator says. Whether it knows the file.
    fn take(&mut self, outcome: Result<Option<ProbePlan>, NotTraceable>) -> bool {
        match (outcome, &mut self.found) {
            (Ok(None), _) => return false,
            (Ok(Some(plan)), Some(found)) => found.join(plan),
            (Ok(Some(plan)), none) => *none = Some(plan),
            (Err(reason), _) => self.missed.push(reason),
        }
        true
    }

    fn plan(self, image: &ElfImage) -> Result<ProbePlan, NotTraceable> {
        match self.found {
            Some(mut plan) => {
                plan.missed.extend(self.missed);
                Ok(plan)
            }
            None => {
                let first = self.missed.into_iter().next();
                Err(first.unwrap_or_else(|| NotTraceable::at_a_glance(image)))
            }
        }
    }
}
