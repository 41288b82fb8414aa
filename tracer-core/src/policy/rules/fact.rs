//! What rules ask of a call.

use std::borrow::Cow;

use super::{caller::Caller, patterns::Values};
use crate::{
    attribution::{AttributionRules, Dimension},
    detect::Role,
    llm::call::{CallFacts, CaptureState, Operation, Outcome},
    policy::sample::is_flagged,
    semconv::operation_name,
};

/// Words for how a call went. Of one call several may hold.
const OUTCOMES: [&str; 4] = ["success", "failed", "cancelled", "flagged"];
/// Words for the side of a call that the process was on.
const SIDES: [&str; 2] = ["client", "server"];

/// What rules ask of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// Who served it, by `gen_ai.provider.name`.
    Provider,
    /// The model that was asked for, and the one that answered.
    Model,
    /// What it did, by `gen_ai.operation.name`.
    Operation,
    /// Its wire format, by `llm_tracer.api`.
    Api,
    /// What it is attributed to.
    Of(Dimension),
    /// Path of the program.
    Exe,
    /// Host that it went to.
    Host,
    /// Path of the request, without its query.
    Path,
    /// Whether the process made it or served it.
    Side,
    /// How it went.
    Outcome,
    /// Status of the answer.
    Status,
    /// `error.type`.
    Error,
}

impl Fact {
    /// All of them.
    pub(super) const ALL: [Self; 17] = [
        Self::Provider,
        Self::Model,
        Self::Operation,
        Self::Api,
        Self::Of(Dimension::App),
        Self::Of(Dimension::Environment),
        Self::Of(Dimension::Workspace),
        Self::Of(Dimension::Feature),
        Self::Of(Dimension::User),
        Self::Of(Dimension::Team),
        Self::Exe,
        Self::Host,
        Self::Path,
        Self::Side,
        Self::Outcome,
        Self::Status,
        Self::Error,
    ];

    /// Its name in a policy.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Operation => "operation",
            Self::Api => "api",
            Self::Of(dimension) => dimension.name(),
            Self::Exe => "exe",
            Self::Host => "host",
            Self::Path => "path",
            Self::Side => "side",
            Self::Outcome => "outcome",
            Self::Status => "status",
            Self::Error => "error",
        }
    }

    /// All its values, where they are few.
    pub(super) fn words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Operation => Some(Operation::ALL.map(operation_name).into()),
            Self::Side => Some(SIDES.into()),
            Self::Outcome => Some(OUTCOMES.into()),
            _ => None,
        }
    }
}

/// A call as rules see it.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) struct Subject<'a> {
    pub(in crate::policy) call: &'a CallFacts,
    pub(in crate::policy) caller: &'a Caller<'a>,
    pub(in crate::policy) attribution: &'a AttributionRules,
}

impl Subject<'_> {
    /// Has the values of a fact judged.
    pub(super) fn judge(
        &self,
        fact: Fact,
        judge: impl FnOnce(Values<'_>) -> Option<bool>,
    ) -> Option<bool> {
        let call = self.call;
        let (values, is_all) = match fact {
            Fact::Provider => ([Some(Cow::from(&*call.provider.0)), None], true),
            Fact::Operation => ([Some(operation_name(call.operation).into()), None], true),
            Fact::Api => ([Some(call.api.0.into()), None], true),
            Fact::Side => {
                let side = SIDES[usize::from(call.role == Role::Server)];
                ([Some(side.into()), None], true)
            }
            Fact::Model => {
                let models = [&call.request.model, &call.response.model];
                let is_all = models.iter().all(|model| model.is_some()) || self.is_whole();
                (models.map(|model| model.as_deref().map(Cow::from)), is_all)
            }
            Fact::Of(dimension) => {
                let (value, is_all) = self.attributed(dimension);
                ([value, None], is_all)
            }
            Fact::Exe => {
                let exe = self.caller.exe();
                ([exe.map(Cow::from), None], exe.is_some())
            }
            Fact::Host => self.optional(call.host.as_ref().map(|host| &*host.name)),
            Fact::Path => self.optional(Some(&*call.path).filter(|path| !path.is_empty())),
            Fact::Outcome => self.outcome(),
            Fact::Status => {
                let status = call
                    .response
                    .status
                    .map(|status| Cow::from(status.to_string()));
                let is_all = status.is_some() || self.is_whole();
                ([status, None], is_all)
            }
            Fact::Error => self.optional(match &call.outcome {
                Outcome::Failed { error_type } => Some(error_type),
                Outcome::Success | Outcome::Cancelled => None,
            }),
        };
        let known: [&str; 2] = values
            .each_ref()
            .map(|it| it.as_deref().unwrap_or_default());
        let known = match (&values[0], &values[1]) {
            (Some(_), Some(_)) => &known[..],
            (Some(_), None) => &known[..1],
            (None, Some(_)) => &known[1..],
            (None, None) => &[],
        };
        judge(Values { known, is_all })
    }

    /// A value that is absent only if the call was seen as a whole.
    fn optional<'v>(&self, value: Option<&'v str>) -> ([Option<Cow<'v, str>>; 2], bool) {
        let is_all = value.is_some() || self.is_whole();
        ([value.map(Cow::from), None], is_all)
    }

    /// What the process tells by a source that comes before that of the wire, else what the wire does.
    fn attributed(&self, dimension: Dimension) -> (Option<Cow<'_, str>>, bool) {
        let wire = self.call.attribution.get(dimension);
        let wire = wire.filter(|it| !it.value.is_empty());
        let rank = wire.map_or(u16::MAX, |it| it.rank);
        let caller = self.caller;
        if !caller.is_settled && self.attribution.asks_resource(dimension, rank) {
            return (None, false);
        }
        let resource = caller.resource;
        match self.attribution.of_resource(resource, dimension, rank) {
            Some((value, _)) => (Some(value), true),
            None => {
                let value = wire.map(|it| Cow::from(&*it.value));
                let is_all = value.is_some() || self.is_whole();
                (value, is_all)
            }
        }
    }

    fn outcome(&self) -> ([Option<Cow<'static, str>>; 2], bool) {
        let [success, failed, cancelled, flagged] = OUTCOMES.map(Cow::from);
        let is_whole = self.is_whole();
        let end = match self.call.outcome {
            // Nothing that was seen says otherwise.
            Outcome::Success => is_whole.then_some(success),
            Outcome::Failed { .. } => Some(failed),
            Outcome::Cancelled => Some(cancelled),
        };
        let flagged = is_flagged(self.call).then_some(flagged);
        ([end, flagged], is_whole)
    }

    fn is_whole(&self) -> bool {
        self.call.capture == CaptureState::Complete
    }
}
