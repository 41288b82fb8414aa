//! What a process passes on: the call that it serves, and makes others for.

use super::{
    asking::{Asking, Place},
    correlator::Correlator,
    hops::{MESSAGES, Served, Told, is_sure},
    ids::{SpanId, TraceId},
    joining::passed_on,
    known::Known,
    lineage::{Lineage, Parent, Session},
    memory::{Mark, Seeker},
    open::{Made, Open, Side},
    serving::{PassedOn, ServedMarks},
};
use crate::{
    confidence::Confidence,
    llm::{
        call::{CallFacts, OtherEnd, Outcome},
        usage::Usage,
    },
};

/// Gateways that a call goes through, one behind the other; behind more each hop tells for itself.
const HOPS: usize = 8;

/// What a call passes on.
#[derive(Debug)]
pub(super) struct Passing {
    pub(super) place: Place,
    pub(super) known: Known,
    /// It is one of several that are alike: it is counted as one of them, and is part of none.
    is_one_of_several: bool,
    /// It names the same span of the caller's.
    pub(super) is_forwarded: bool,
    /// It is the next hop of a call that a process of this host made.
    pub(super) is_hop: bool,
}

impl Correlator {
    /// The call that the process serves, and passes on by this one.
    pub(super) fn passing(&mut self, asking: &Asking<'_>) -> Option<Passing> {
        let marks = ServedMarks::of(asking);
        let found = self.serving.find(asking.process(), &marks)?;
        let is_one_of_several = matches!(found, PassedOn::Alike(_));
        let (place, known) = match found {
            PassedOn::One(place, known) => (place, known),
            PassedOn::Alike(places) => {
                let start = |place: &Place| self.open.get(place).map(|open| open.start);
                let least = |place: &Place| (self.hops.load(*place), start(place));
                let first = places.into_iter().min_by_key(least)?;
                (first, Known::inferred(MESSAGES))
            }
        };
        let Side::Served {
            marks: of_served,
            operation,
            request,
            client,
            ..
        } = &self.open.get(&place)?.side
        else {
            return None;
        };
        let is_sure = known.confidence <= Confidence::Derived;
        if !is_sure && of_served.is_of_another_trace(&marks) {
            return None;
        }
        let passing = Passing {
            place,
            known,
            is_one_of_several,
            is_forwarded: of_served.has_caller_of(&marks) && !is_one_of_several,
            is_hop: is_sure && client.is_some(),
        };
        self.hops.begin(Served {
            place,
            operation: *operation,
            digest: *request,
            is_paired: client.is_some(),
            made: asking.operation,
            known,
        });
        Some(passing)
    }

    /// The place below what is passed on, which has its trace from now on.
    pub(super) fn below(&mut self, passing: &Passing) -> Option<(TraceId, Parent)> {
        let open = self.open.get_mut(&passing.place)?;
        if passing.is_one_of_several {
            return None;
        }
        if let Side::Served {
            is_joined,
            has_calls,
            ..
        } = &mut open.side
        {
            (*is_joined, *has_calls) = (true, true);
        }
        let parent = Parent {
            span: open.span,
            is_remote: false,
            known: passing.known,
        };
        Some((open.trace, parent))
    }

    /// The session of what is passed on.
    pub(super) fn session_of(&self, passing: &Passing) -> Option<Session> {
        let open = self.open.get(&passing.place)?;
        let session = open.session.as_ref()?;
        Some(passed_on(session, passing.known))
    }

    /// How it is known that the tokens of a call that was made stand on another hop of it, if they do.
    pub(super) fn counted_at(&mut self, made: &Made, facts: &CallFacts) -> Option<Known> {
        if let Some((served, _)) = made.passes_on {
            self.hops.end(served, made.operation);
        }
        if facts.usage == Usage::default() {
            return None;
        }
        let told = told(facts);
        let below = match (made.served_by, facts.other_end) {
            (Some(served), _) => {
                let below = self.hops.told_above(served, told);
                below.or_else(|| self.has_answer_of(served, facts))
            }
            (None, OtherEnd::Unclear) => {
                let request = made.request?;
                self.hops.claim(request, facts.timing.start, told)
            }
            (None, _) => None,
        };
        // What stands below it has told that already.
        let is_told = made.is_told_of && below.is_some();
        let passes_on = made.passes_on.filter(|_| !is_told);
        let above = passes_on.and_then(|hop| self.told_below(hop, facts, told));
        if let Some(served) = made.served_by.filter(|_| below.is_none()) {
            self.hops.counts_above(served, told);
        }
        below.or(above)
    }

    /// A call tells tokens that was made for one that is served, and perhaps so for one that the client of
    /// that serves, and on: whether they stand on one of these.
    fn told_below(
        &mut self,
        (mut served, mut known): (Place, Known),
        facts: &CallFacts,
        told: Told,
    ) -> Option<Known> {
        let (operation, end) = (facts.operation, facts.timing.end);
        for _ in 0..HOPS {
            let above = self.hops.told_below(served, operation, known, told, end);
            if above.is_some() {
                return above;
            }
            let Side::Served {
                client: Some(client),
                ..
            } = self.open.get(&served)?.side
            else {
                return None;
            };
            let Side::Made(made) = &mut self.open.get_mut(&client)?.side else {
                return None;
            };
            let next = made.passes_on?;
            made.is_told_of = true;
            served = next.0;
            // No better than the weakest on the way.
            known = if is_sure(known) { next.1 } else { known };
        }
        None
    }

    /// The same of a call that a process served for a client that is not here.
    pub(super) fn counted_below(&mut self, facts: &CallFacts) -> Option<Known> {
        if facts.usage == Usage::default() || facts.other_end != OtherEnd::Unknown {
            return None;
        }
        let place = (facts.connection, facts.exchange);
        let told = told(facts);
        let below = self.hops.told_above(place, told);
        if below.is_none() && !facts.is_passed_on {
            self.hops.counts_above(place, told);
        }
        below
    }

    /// The process that serves a call has been given the same answer meanwhile.
    fn has_answer_of(&mut self, served: Place, facts: &CallFacts) -> Option<Known> {
        let seeker = Seeker {
            place: served,
            session: None,
        };
        let id = Mark::Response(facts.response.id.as_deref()?);
        let (call, _) = self.memory.find(id, seeker)?;
        let is_meanwhile = facts.timing.start <= call.end && call.end <= facts.timing.end;
        let is_it = call.tells_usage && call.process() == served.0.process && is_meanwhile;
        is_it.then_some(Known::derived("response_id"))
    }

    /// A call that is served turned out to be the other end of one that began later, as it seemed.
    pub(crate) fn met(&mut self, server: Place, client: Place) {
        let Some(made) = self.open.get_mut(&client) else {
            return;
        };
        made.is_served_by(server);
        let (trace, span, session) = (made.trace, made.span, made.session.clone());
        let Some(open) = self.open.get_mut(&server) else {
            return;
        };
        if let Side::Served {
            parent,
            is_joined,
            client: known,
            ..
        } = &mut open.side
            && (open.trace == trace || !*is_joined)
        {
            open.trace = trace;
            *parent = Some(both_ends(span));
            (*is_joined, *known) = (true, Some(client));
            let known = Known::derived(BOTH_ENDS);
            let session = session.map(|session| passed_on(&session, known));
            open.session = open.session.take().or(session);
        }
        self.hops.paired(server);
    }

    /// Another client may have made a call that is served: which, is only likely.
    pub(crate) fn doubt(&mut self, server: Place) {
        let Some(open) = self.open.get_mut(&server) else {
            return;
        };
        let by = BOTH_ENDS;
        if let Side::Served {
            parent: Some(parent),
            is_doubtful,
            ..
        } = &mut open.side
            && parent.known.by == by
        {
            parent.known = Known::inferred(by);
            *is_doubtful = true;
            if let Some(session) = open.session.as_mut().filter(|it| it.known.by == by) {
                session.known = Known::inferred(by);
            }
        }
    }

    /// A call that is served is part of the one that its client made.
    pub(super) fn join_client(
        &mut self,
        facts: &CallFacts,
        is_joined: bool,
        is_doubtful: bool,
        lineage: &mut Lineage,
    ) {
        let OtherEnd::Known(pair) = facts.other_end else {
            return;
        };
        let Some((trace, span)) = self.pairs.pop(&pair) else {
            return;
        };
        if trace == lineage.trace || !is_joined {
            lineage.trace = trace;
            let parent = both_ends(span);
            lineage.parent = Some(match is_doubtful {
                true => Parent {
                    known: Known::inferred(BOTH_ENDS),
                    ..parent
                },
                false => parent,
            });
        }
    }
}

/// What a call says that it used.
fn told(facts: &CallFacts) -> Told {
    Told::new(&facts.usage, facts.outcome == Outcome::Success)
}

/// That both ends see the same.
const BOTH_ENDS: &str = "both_ends";

/// The client's end of a call as what the server's is part of.
pub(super) const fn both_ends(span: SpanId) -> Parent {
    Parent {
        span,
        is_remote: true,
        known: Known::derived(BOTH_ENDS),
    }
}

impl Open {
    /// Where a call that was made is served.
    pub(super) fn is_served_by(&mut self, server: Place) {
        if let Side::Made(made) = &mut self.side {
            made.served_by = Some(server);
        }
    }
}
