//! Where a call that begins belongs.

use std::{sync::Arc, time::Duration};

use super::{
    asking::{Asking, NamedSession, Place},
    attempts,
    correlator::{Correlator, both_ends, take_out},
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Link, Parent, Relation, Session},
    memory::{Earlier, Mark},
    open::{Made, Open, Side},
    repeated::{Answered, AskedBefore},
    serving::ServedMarks,
    tools::{self, PendingTool},
    turn::{Above, Turn, TurnNumber},
};
use crate::{
    detect::Role,
    http::exchange::ExchangeId,
    llm::{
        call::Operation,
        content::{digest, join, trail::Speaker},
    },
    time::Timestamp,
};

/// How many answers of a request are looked for: a conversation that went on elsewhere from an
/// earlier one than these is a new one.
const ANSWERS: usize = 32;

/// How long after a text was looked up, embedded or judged it may be asked.
const PREPARED: Duration = Duration::from_mins(1);

/// The mark of a text.
type MarkOf = fn(u64) -> Mark<'static>;

/// The end of an id that is drawn has no fewer characters; that of one which is counted has.
const DRAWN: usize = 8;

/// Turns of a process, the latest ones, among whose tools one is looked for.
const AT_WORK: usize = 64;

/// What a call goes on from.
#[derive(Debug)]
struct Found {
    earlier: Arc<Earlier>,
    known: Known,
    /// It is the last answer that the request has, not one before it.
    is_last: bool,
}

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
        let of_client = client.and_then(|client| self.open.get(&client));
        let of_client = of_client.map(|client| (client.trace, client.span));
        let caller = asking.parent.map(of_caller);
        let trace = of_client.map(|(trace, _)| trace);
        let trace = trace.or(caller.map(|(trace, _)| trace));
        let marks = ServedMarks::of(asking.process(), asking.trail);
        self.serving.begin(asking.place, &marks);
        Open {
            start: asking.start,
            span: self.ids.span(asking.origin()),
            trace: trace.unwrap_or_else(|| self.ids.trace(asking.origin())),
            session: asking.session.as_ref().map(named),
            links: Vec::new(),
            side: Side::Served {
                parent: of_client
                    .map(|(_, span)| both_ends(span))
                    .or(caller.map(|(_, parent)| parent)),
                marks,
                is_joined: of_client.is_some() || caller.is_some(),
                has_calls: false,
            },
        }
    }

    fn admit_made(&mut self, asking: &Asking<'_>) -> Open {
        let marks = attempts::Marks::of(asking);
        let caller = asking.parent.map(of_caller);
        let mut made = Made {
            turn: TurnNumber(0),
            caller: caller.map(|(_, parent)| parent),
            joined: None,
            group: None,
            attempt: None,
            target: asking.target,
            key: Answered::key(asking),
            tool: None,
            marks,
        };
        let mut links = Vec::new();
        let mut session = asking.session.as_ref().map(named);
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
        let (turn, above) = match turn {
            Some(turn) => (Some(turn), None),
            None => self.place_of(asking, &mut made, &mut session, &mut links),
        };
        let turn = turn.unwrap_or_else(|| {
            let group = made.group.and_then(|group| self.attempts.get(group));
            let (trace, above) = match (caller, above, group) {
                (Some((trace, parent)), _, _) => (trace, Above::Caller(parent)),
                (None, Some((trace, parent)), _) => (trace, Above::Span(parent)),
                (None, None, Some(group)) => (group.trace, Above::Nothing),
                (None, None, None) => self.above(asking, &mut links),
            };
            let session = session.take().or_else(|| self.own_session(asking));
            self.open_turn(asking, trace, above, session, made.tool)
        });
        self.enter(turn, asking, made.group.is_some());
        made.turn = turn;
        if let Some(session) = &asking.session {
            self.name(of_named(session), turn);
        }
        let of_turn = self.turns.peek(&turn);
        let trace = of_turn.map(|turn| turn.trace);
        let trace = caller.map(|(trace, _)| trace).or(trace);
        Open {
            start: asking.start,
            span: self.ids.span(asking.origin()),
            trace: trace.unwrap_or_else(|| self.ids.trace(asking.origin())),
            session: session.or_else(|| of_turn.and_then(|turn| turn.session.clone())),
            links,
            side: Side::Made(made),
        }
    }

    /// The call that this one goes on from.
    fn find(&mut self, asking: &Asking<'_>) -> Option<Found> {
        let seeker = asking.seeker();
        if let Some(id) = asking.previous_response_id
            && let Some((earlier, is_sure)) = self.memory.find(Mark::Response(id), seeker)
        {
            let known = match is_sure {
                true => Known::observed("previous_response_id"),
                false => Known::inferred("previous_response_id"),
            };
            return Some(Found {
                earlier,
                known,
                is_last: true,
            });
        }
        let trail = asking.trail?;
        for (tip, behind) in trail.answers.iter().rev().zip(0..ANSWERS) {
            if let Some((earlier, is_sure)) = self.memory.find(Mark::Tip(*tip), seeker) {
                let known = match behind {
                    0 if is_sure => Known::derived("messages"),
                    _ => Known::inferred("messages"),
                };
                return Some(Found {
                    earlier,
                    known,
                    is_last: behind == 0,
                });
            }
        }
        let ids = trail
            .results
            .iter()
            .filter_map(|result| result.id.as_deref());
        for id in ids {
            if let Some((earlier, is_sure)) = self.memory.find(Mark::Tool(id), seeker) {
                let is_drawn = is_drawn(id);
                if !is_drawn && earlier.process() != asking.process() {
                    continue;
                }
                let known = match is_sure && is_drawn {
                    true => Known::derived("tool_call_id"),
                    false => Known::inferred("tool_call_id"),
                };
                return Some(Found {
                    earlier,
                    known,
                    is_last: true,
                });
            }
        }
        None
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
                *session = of_earlier(&found);
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
            return (None, None);
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
        let is_elsewhere = found.earlier.is_elsewhere(asking.session.as_ref());
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
        let number = *self.named.get(&of_named(asking.session.as_ref()?))?;
        let turn = self.turns.peek(&number)?;
        let is_beside = !turn.is_at_rest() && turn.process == asking.process();
        is_beside.then_some(number)
    }

    /// What a turn that begins is part of, where neither its caller nor a tool tells.
    fn above(&mut self, asking: &Asking<'_>, links: &mut Vec<Link>) -> (TraceId, Above) {
        if let Some((trace, parent)) = self.served_of(asking) {
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

    /// The tool that a call does the work of.
    fn tool_of(&mut self, asking: &Asking<'_>, made: &mut Made) -> Option<(TraceId, Parent)> {
        let trail = asking.trail?;
        let numbers = self.at_work.get(&asking.process())?;
        let turns = numbers.iter().rev().take(AT_WORK).filter_map(|number| {
            let turn = self.turns.peek(number)?;
            Some((*number, turn))
        });
        let tools = turns
            .flat_map(|(number, turn)| turn.pending.iter().map(move |tool| (number, turn, tool)));
        let is_known = |(_, _, tool): &(TurnNumber, &Turn, &PendingTool)| {
            if tool.asked > asking.start {
                return None;
            }
            match &trail.tool {
                Some(call) => tool.is_call(call),
                None => tool
                    .asks(&trail.texts)
                    .then_some(Known::derived("tool_arguments")),
            }
        };
        // Of several that are called alike, the first at which nothing was seen yet; which it is, is
        // then not sure.
        let mut best: Option<(Known, bool, TurnNumber, SpanId)> = None;
        let mut is_alone = true;
        for (found, known) in tools.filter_map(|found| Some((found, is_known(&found)?))) {
            let (number, _, tool) = found;
            let better = best.is_none_or(|(best, is_taken, ..)| {
                (known.confidence, tool.is_parent) < (best.confidence, is_taken)
            });
            is_alone = best.is_none_or(|(best, ..)| known.confidence < best.confidence)
                || (is_alone && best.is_some_and(|(best, ..)| best.confidence < known.confidence));
            if better {
                best = Some((known, tool.is_parent, number, tool.span));
            }
        }
        let (known, _, number, span) = best?;
        let known = if is_alone {
            known
        } else {
            Known::inferred(known.by)
        };
        let turn = self.turns.peek_mut(&number)?;
        let tool = turn.pending.iter_mut().find(|tool| tool.span == span)?;
        tool.is_parent = true;
        let trace = turn.trace;
        made.tool = Some((number, span));
        let parent = Parent {
            span,
            is_remote: false,
            known,
        };
        Some((trace, parent))
    }

    /// The call that the process serves, and passes on by this one.
    fn served_of(&mut self, asking: &Asking<'_>) -> Option<(TraceId, Parent)> {
        let marks = ServedMarks::of(asking.process(), asking.trail);
        let (place, known) = self.serving.find(asking.process(), &marks)?;
        let open = self.open.get_mut(&place)?;
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
            known,
        };
        Some((open.trace, parent))
    }

    /// An earlier call of the process with the same text.
    fn text_of(&mut self, asking: &Asking<'_>) -> Option<(Arc<Earlier>, Relation)> {
        let seeker = asking.seeker();
        // A text is embedded, then looked up, then asked: the last of these is what it goes on from.
        let (marks, relation): (&[MarkOf], _) = match asking.operation {
            Operation::Embeddings | Operation::Moderation => (&[Mark::Answered], Relation::Uses),
            Operation::Retrieval => (&[Mark::Prepared], Relation::PreparedBy),
            _ if asking.is_chat() || asking.operation == Operation::Rerank => {
                (&[Mark::Sought, Mark::Prepared], Relation::PreparedBy)
            }
            _ => return None,
        };
        let texts = &asking.trail?.texts;
        let mut found = marks
            .iter()
            .flat_map(|mark| texts.iter().map(|text| mark(*text)));
        let (earlier, is_sure) = found.find_map(|mark| self.memory.find(mark, seeker))?;
        let is_recent = relation == Relation::Uses || asking.start <= earlier.end.after(PREPARED);
        let is_it = is_sure && is_recent && earlier.process() == asking.process();
        is_it.then_some((earlier, relation))
    }

    fn open_turn(
        &mut self,
        asking: &Asking<'_>,
        trace: TraceId,
        above: Above,
        session: Option<Session>,
        work_of: Option<(TurnNumber, SpanId)>,
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
        })
    }

    /// A request brings what tools gave, of which the last ones were asked for by `last`.
    fn take_results(&mut self, number: TurnNumber, asking: &Asking<'_>, last: SpanId) {
        let (Some(turn), Some(trail)) = (self.turns.get_mut(&number), asking.trail) else {
            return;
        };
        let (mut steps, mut asked_by) = (Vec::new(), vec![last]);
        for result in &trail.results {
            let gave = |tool: &PendingTool| {
                let known = tool.gave(result);
                known.or_else(|| tool.comes_next(result, last))
            };
            let mut pending = turn.pending.iter().enumerate();
            let found = pending.find_map(|(at, tool)| Some((at, gave(tool)?)));
            let Some((at, known)) = found else {
                continue;
            };
            let tool = turn.pending.remove(at);
            turn.has_results = true;
            asked_by.push(tool.asked_by);
            steps.push(tool.step(turn, Some((result, known)), asking.start));
        }
        // Calls of the same answer that have no result never get one.
        let is_over = |tool: &mut PendingTool| asked_by.contains(&tool.asked_by);
        let over: Vec<_> = turn.pending.extract_if(.., is_over).collect();
        let known = Known::derived("tool_call_id");
        let unanswered = tools::unanswered(&over, turn, known, asking.start);
        self.verdicts.extend(unanswered);
        steps.extend(turn.left(over));
        if turn.pending.is_empty() {
            take_out(&mut self.at_work, turn.process, number);
        }
        self.steps.extend(steps);
    }

    fn drop_tools(&mut self, number: TurnNumber, time: Timestamp) {
        if let Some(turn) = self.turns.get_mut(&number) {
            let dropped = std::mem::take(&mut turn.pending);
            let known = Known::derived("messages");
            self.verdicts
                .extend(tools::unanswered(&dropped, turn, known, time));
            let steps = turn.left(dropped);
            turn.is_over = true;
            take_out(&mut self.at_work, turn.process, number);
            self.steps.extend(steps);
        }
        self.settle(number);
    }
}

/// Whether nobody else draws the same id: `call_0` and `functions.search:0` are everybody's.
fn is_drawn(id: &str) -> bool {
    let end = id.rsplit(['_', '-', '.', ':']).next();
    end.is_some_and(|end| end.len() >= DRAWN)
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

fn named(session: &NamedSession) -> Session {
    Session {
        id: session.id.clone(),
        known: Known::observed(session.source),
    }
}

/// A session, and the agent in it that has turns of its own.
fn of_named(session: &NamedSession) -> u64 {
    let agent = session.agent.as_deref().map_or(0, digest);
    join(digest(&session.id), agent)
}

/// The session of what a call goes on from.
fn of_earlier(found: &Found) -> Option<Session> {
    let before = found.earlier.session.as_ref()?;
    Some(Session {
        id: before.id.clone(),
        known: found.known,
    })
}
