//! Where a call that begins belongs.

use super::{
    asking::{Asking, NamedSession, Place},
    attempts,
    correlator::Correlator,
    finding::Found,
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Link, Parent, Relation, Session},
    open::{Made, Open, Side},
    passing::{Passing, both_ends},
    repeated::{Answered, AskedBefore},
    serving::ServedMarks,
    turn::{Above, Turn, TurnNumber},
};
use crate::{
    confidence::Confidence,
    detect::Role,
    http::exchange::ExchangeId,
    llm::content::{digest, join, trail::Speaker},
};

impl Correlator {
    /// Finds the place of a call.
    pub(super) fn admit(&mut self, asking: &Asking<'_>, client: Option<Place>) -> Open {
        if asking.role == Role::Client {
            self.admit_made(asking)
        } else {
            self.admit_served(asking, client)
        }
    }

    fn admit_served(&mut self, asking: &Asking<'_>, client: Option<Place>) -> Open {
        let of_client = client.and_then(|client| self.open.get_mut(&client));
        let of_client = of_client.map(|client| {
            client.is_served_by(asking.place);
            let session = client.session.as_ref();
            let known = Known::derived("both_ends");
            let session = session.map(|session| passed_on(session, known));
            (client.trace, client.span, session)
        });
        let caller = asking.parent.map(of_caller);
        let (trace, parent, session) = match of_client {
            Some((trace, span, session)) => (Some(trace), Some(both_ends(span)), session),
            None => (
                caller.map(|(trace, _)| trace),
                caller.map(|(_, parent)| parent),
                None,
            ),
        };
        let is_joined = parent.is_some();
        let marks = ServedMarks::of(asking);
        self.serving.begin(asking.place, &marks);
        let span = self.ids.span(asking.origin());
        let own = named(asking, span);
        Open {
            start: asking.start,
            span,
            trace: trace.unwrap_or_else(|| self.ids.trace(asking.origin())),
            session: own.or(session),
            links: Vec::new(),
            side: Side::Served {
                parent,
                marks,
                is_joined,
                is_doubtful: false,
                has_calls: false,
                operation: asking.operation,
                request: asking.request,
                client,
            },
        }
    }

    fn admit_made(&mut self, asking: &Asking<'_>) -> Open {
        let marks = attempts::Marks::of(asking);
        let passing = self.passing(asking);
        let is_forwarded = passing.as_ref().is_some_and(|it| it.is_forwarded);
        let caller = asking.parent.map(of_caller).filter(|_| !is_forwarded);
        let mut made = Made {
            turn: TurnNumber(0),
            caller: caller.map(|(_, parent)| parent),
            joined: None,
            group: None,
            attempt: None,
            target: asking.target,
            key: Answered::key(asking),
            tool: None,
            request: asking.request,
            served_by: None,
            passes_on: passing.as_ref().map(|it| (it.place, it.known)),
            is_told_of: false,
            operation: asking.operation,
            marks,
        };
        let mut links = Vec::new();
        let span = self.ids.span(asking.origin());
        let own = named(asking, span);
        let mut session = own.clone();
        let again = self.attempts.find(asking, &made.marks);
        let turn = if let Some((group, attempt, link)) = again {
            made.joined = Some(attempt.known);
            (made.group, made.attempt) = (Some(group), Some(attempt));
            let turn = self.attempts.get(group).map(|group| group.turn);
            links.push(link);
            turn.filter(|turn| self.turns.contains(turn))
        } else {
            None
        };
        let hop = passing.as_ref().filter(|it| it.is_hop);
        let (turn, above) = match (turn, hop) {
            (Some(turn), _) => (Some(turn), None),
            // Whose turn it is, and which, the client's call tells.
            (None, Some(hop)) => {
                session = session.or_else(|| self.session_of(hop));
                (None, self.below(hop))
            }
            (None, None) => self.place_of(asking, &mut made, &mut session, &mut links),
        };
        let turn = turn.unwrap_or_else(|| {
            let group = made.group.and_then(|group| self.attempts.get(group));
            let (trace, above) = match (caller, above, group) {
                (Some((trace, parent)), _, _) => (trace, Above::Caller(parent)),
                (None, Some((trace, parent)), _) => (trace, Above::Span(parent)),
                (None, None, Some(group)) => (group.trace, Above::Nothing),
                (None, None, None) => self.above(asking, passing.as_ref(), &mut links),
            };
            let session = session.take().or_else(|| self.own_session(asking));
            self.open_turn(asking, trace, above, session, made.tool, hop.is_some())
        });
        self.enter(turn, asking, made.group.is_some());
        made.turn = turn;
        if let Some(session) = asking.session.as_ref().filter(|_| hop.is_none()) {
            self.name(of_named(session), turn);
        }
        let of_turn = self.turns.peek(&turn);
        let of_others = of_turn.and_then(|turn| {
            let session = turn.session.as_ref()?;
            Some(session.handed_on(session.known))
        });
        let trace = of_turn.map(|turn| turn.trace);
        let trace = caller.map(|(trace, _)| trace).or(trace);
        Open {
            start: asking.start,
            span,
            trace: trace.unwrap_or_else(|| self.ids.trace(asking.origin())),
            session: own.or(session).or(of_others),
            links,
            side: Side::Made(made),
        }
    }

    /// The turn that a call is a step of, or else the tool that it does the work of.
    fn place_of(
        &mut self,
        asking: &Asking<'_>,
        made: &mut Made,
        session: &mut Option<Session>,
        links: &mut Vec<Link>,
    ) -> (Option<TurnNumber>, Option<(TraceId, Parent)>) {
        if let Some(found) = self.find(asking) {
            if session.is_none() {
                *session = found.session();
            }
            if self.goes_on(asking, &found) {
                made.joined = Some(found.known);
                return (Some(found.earlier.turn), None);
            }
            links.push(Link {
                trace: found.earlier.trace,
                span: found.earlier.span,
                relation: Relation::PreviousCall,
                known: found.known,
            });
            return (None, late_result(asking, &found));
        }
        if let Some(tool) = self.tool_of(asking, made) {
            return (None, Some(tool));
        }
        let turn = self.beside(asking);
        if turn.is_some() {
            made.joined = Some(Known::inferred("session"));
        }
        (turn, None)
    }

    /// Whether a call is the next step of the turn that it goes on from.
    fn goes_on(&mut self, asking: &Asking<'_>, found: &Found) -> bool {
        let number = found.earlier.turn;
        let is_elsewhere = found.earlier.is_elsewhere(asking.session_name());
        if !found.is_last || is_elsewhere || !self.turns.contains(&number) {
            return false;
        }
        let trail = asking.trail;
        if trail.is_some_and(|trail| !trail.results.is_empty()) {
            self.take_results(number, asking, found.earlier.span);
            return true;
        }
        let is_handed_back = trail.is_some_and(|trail| trail.last == Some(Speaker::Model));
        if !is_handed_back {
            // The user goes on before the tools have given anything.
            self.drop_tools(number, asking.start);
        }
        is_handed_back
    }

    /// The turn under way of the session, beside which an agent asks something: a title, a summary.
    fn beside(&mut self, asking: &Asking<'_>) -> Option<TurnNumber> {
        let number = *self.named.get_mut(&of_named(asking.session.as_ref()?))?;
        let turn = self.turns.peek(&number)?;
        let is_beside = !turn.is_at_rest() && turn.process == asking.process();
        is_beside.then_some(number)
    }

    /// What a turn that begins is part of, where neither its caller nor a tool tells.
    fn above(
        &mut self,
        asking: &Asking<'_>,
        passing: Option<&Passing>,
        links: &mut Vec<Link>,
    ) -> (TraceId, Above) {
        if let Some((trace, parent)) = passing.and_then(|passing| self.below(passing)) {
            return (trace, Above::Span(parent));
        }
        let is_call = |place: &Place| self.open.contains_key(place);
        let inbound = self.inbound.only_of(asking.process(), is_call);
        let Some((earlier, relation)) = self.text_of(asking) else {
            let inbound = inbound.map(|(trace, parent)| (trace, Above::Span(parent)));
            return inbound.unwrap_or_else(|| (self.ids.trace(asking.origin()), Above::Nothing));
        };
        let known = match relation {
            Relation::Uses => Known::derived("text"),
            // Somebody else may ask the same.
            _ => Known::inferred("text"),
        };
        links.push(Link {
            trace: earlier.trace,
            span: earlier.span,
            relation,
            known,
        });
        match (relation, inbound) {
            (Relation::Uses, _) => {
                let parent = Parent {
                    span: earlier.span,
                    is_remote: false,
                    known,
                };
                (earlier.trace, Above::Span(parent))
            }
            (_, Some((trace, parent))) => (trace, Above::Span(parent)),
            (_, None) => (earlier.trace, Above::Nothing),
        }
    }

    fn open_turn(
        &mut self,
        asking: &Asking<'_>,
        trace: TraceId,
        above: Above,
        session: Option<Session>,
        work_of: Option<(TurnNumber, SpanId)>,
        is_hop: bool,
    ) -> TurnNumber {
        let turn = Turn {
            process: asking.process(),
            trace,
            root: self.ids.span((asking.origin(), "turn")),
            above,
            work_of,
            has_root: false,
            session,
            start: asking.start,
            end: asking.start,
            is_hop,
            under_way: 0,
            calls: 0,
            tool_calls: 0,
            pending: Vec::new(),
            has_results: false,
            asked_before: AskedBefore::default(),
            attempts: 0,
            is_over: false,
            error: None,
            provider: None,
            agent: asking
                .session
                .as_ref()
                .and_then(|session| session.agent.clone()),
        };
        self.begin_turn(turn)
    }

    /// The session that begins with a call, or that its connection is.
    fn own_session(&self, asking: &Asking<'_>) -> Option<Session> {
        let (origin, by) = if asking.is_of_connection {
            (((asking.place.0, ExchangeId(0)), 0), "connection")
        } else {
            (asking.origin(), "first_call")
        };
        asking.is_chat().then(|| Session {
            id: format!("{:016x}", self.ids.span((origin, "session")).0),
            known: Known::derived(by),
            named_by: None,
        })
    }
}

/// The span of the caller's own that a request names.
pub(super) fn of_caller((trace, span): (TraceId, SpanId)) -> (TraceId, Parent) {
    let parent = Parent {
        span,
        is_remote: true,
        known: Known::observed("traceparent"),
    };
    (trace, parent)
}

/// The session that a call names.
fn named(asking: &Asking<'_>, span: SpanId) -> Option<Session> {
    let session = asking.session.as_ref()?;
    Some(Session {
        id: session.id.clone(),
        known: Known::observed(session.source),
        named_by: Some(span),
    })
}

/// What a request is part of that brings what a tool gave after its turn was over: it took too long,
/// or was taken for the answer.
fn late_result(asking: &Asking<'_>, found: &Found) -> Option<(TraceId, Parent)> {
    let brings = asking
        .trail
        .is_some_and(|trail| !trail.results.is_empty() && trail.last != Some(Speaker::Model));
    let is_it = brings && found.is_last && !found.earlier.is_elsewhere(asking.session_name());
    let parent = Parent {
        span: found.earlier.span,
        is_remote: false,
        known: found.known,
    };
    is_it.then_some((found.earlier.trace, parent))
}

/// The session of one hop as that of another.
pub(super) fn passed_on(session: &Session, link: Known) -> Session {
    let is_sure = session.known.confidence <= Confidence::Derived;
    let known = if is_sure {
        link
    } else {
        Known::inferred(link.by)
    };
    session.handed_on(known)
}

/// A session, and the agent in it that has turns of its own.
fn of_named(session: &NamedSession) -> u64 {
    let agent = session.agent.as_deref().map_or(0, digest);
    join(digest(&session.id), agent)
}
