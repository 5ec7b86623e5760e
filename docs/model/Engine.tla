------------------------------- MODULE Engine -------------------------------
(***************************************************************************)
(* What follows from a saga's history and a new fact: coordinator/engine,  *)
(* as far as the protocol depends on it. No state, only functions.         *)
(*                                                                         *)
(* An event is a triple <<type, step, attempt>>, a decision is a sequence  *)
(* of events; an empty one says that the fact changes nothing.             *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
  Stages,    \* what a saga asks for: a sequence of sets of steps, the steps of a set at once
  Attempts   \* how often a step is tried before it is given up; undos are tried for ever

Steps == UNION {Stages[k] : k \in 1..Len(Stages)}

-----------------------------------------------------------------------------
(* What the events so far say.                                             *)

Said(log, type) == \E k \in DOMAIN log : log[k][1] = type
HasEnded(log) == log # <<>> /\ log[Len(log)][1] \in {"SagaCompleted", "SagaCompensated", "SagaFailed"}
GoesBack(log) == Said(log, "CompensationStarted")

Which(log, type) == {log[k][2] : k \in {k \in DOMAIN log : log[k][1] = type}}
Issued(log) == Which(log, "StepIssued")
Succeeded(log) == Which(log, "StepSucceeded")
Refused(log) == Which(log, "StepRefused")
GivenUp(log) == Which(log, "StepGivenUp")
InFlight(log) == IF GoesBack(log) THEN {} ELSE Issued(log) \ (Succeeded(log) \cup Refused(log) \cup GivenUp(log))
Unknown(log) == Issued(log) \ (Succeeded(log) \cup Refused(log))  \* once it goes back: given up, or still out
UndoIssued(log) == Which(log, "UndoIssued")
Undone(log) == Which(log, "UndoSucceeded")
Undoing(log) == UndoIssued(log) \ Undone(log)
Completion(log) == SelectSeq(log, LAMBDA e : e[1] = "StepSucceeded")  \* in the order in which they succeeded

Tries == [forward |-> {"StepIssued", "StepRetried"}, undo |-> {"UndoIssued", "UndoRetried"}]
Failed == [forward |-> "StepAttemptFailed", undo |-> "UndoAttemptFailed"]
Attempt(log, i, direction) == Cardinality({k \in DOMAIN log : log[k][2] = i /\ log[k][1] \in Tries[direction]})
Waiting(log, i, direction) ==  \* for the time of its next attempt
  Cardinality({k \in DOMAIN log : log[k][2] = i /\ log[k][1] = Failed[direction]}) = Attempt(log, i, direction)

-----------------------------------------------------------------------------
(* Commands, and facts.                                                    *)

(* What some events send. The id of a command is its step and direction, and the saga's id. *)
Sends(events) ==
  {[step |-> e[2], direction |-> IF e[1] \in Tries.undo THEN "undo" ELSE "forward", attempt |-> e[3]]
   : e \in {events[k] : k \in {k \in DOMAIN events : events[k][1] \in Tries.forward \cup Tries.undo}}}
SameId(m, n) == m.step = n.step /\ m.direction = n.direction

Fact(type, step, direction, attempt, answer) ==
  [type |-> type, step |-> step, direction |-> direction, attempt |-> attempt, answer |-> answer]
Start == Fact("start", 0, "forward", 0, "none")
Cancel == Fact("cancel", 0, "forward", 0, "none")
Due(step, direction) == Fact("due", step, direction, 0, "none")  \* its attempt's time is over, or its next one's has come
Timers(log) == {Due(i, "forward") : i \in InFlight(log)} \cup {Due(i, "undo") : i \in Undoing(log)}
Reply(m, answer) == Fact("reply", m.step, m.direction, m.attempt, answer)

-----------------------------------------------------------------------------
(* What follows by itself.                                                 *)

Saga(type) == <<<<type, 0, 0>>>>
RECURSIVE Each(_, _)
Each(type, steps) ==
  IF steps = {} THEN <<>>
  ELSE LET i == CHOOSE i \in steps : \A j \in steps : i <= j IN <<<<type, i, 1>>>> \o Each(type, steps \ {i})

(* The saga's code, run until it waits.                                    *)
Forward(log) ==
  LET open == {k \in 1..Len(Stages) : ~(Stages[k] \subseteq Succeeded(log))} IN
  IF Refused(log) \cup GivenUp(log) # {} THEN Saga("CompensationStarted")
  ELSE IF open = {} THEN Saga("SagaCompleted")
  ELSE Each("StepIssued", Stages[CHOOSE k \in open : \A other \in open : k <= other] \ Issued(log))

(* Unknown outcomes first, all at once; then the known ones, one at a time, the last completed first. *)
NextKnown(log) ==
  LET known == SelectSeq(Completion(log), LAMBDA e : e[2] \notin UndoIssued(log)) IN
  IF known = <<>> \/ Undoing(log) # {} THEN {} ELSE {known[Len(known)][2]}
NextUndos(log) == IF Unknown(log) \subseteq UndoIssued(log) THEN NextKnown(log) ELSE Unknown(log) \ UndoIssued(log)
IsThrough(log) == Undoing(log) = {}
Back(log) ==
  IF NextUndos(log) # {} THEN Each("UndoIssued", NextUndos(log))
  ELSE IF ~IsThrough(log) THEN <<>>
  ELSE IF UndoIssued(log) # {} THEN Saga("SagaCompensated") ELSE Saga("SagaFailed")

RECURSIVE With(_, _)
With(log, events) ==  \* these events and all that follows from them
  LET now == log \o events
      more == IF HasEnded(now) THEN <<>> ELSE IF GoesBack(now) THEN Back(now) ELSE Forward(now)
  IN  events \o (IF more = <<>> THEN <<>> ELSE With(now, more))

-----------------------------------------------------------------------------
(* What a fact amounts to.                                                 *)

AttemptFailed(log, i, direction) ==
  LET attempt == Attempt(log, i, direction) IN
  IF direction = "undo" \/ attempt < Attempts THEN <<<<Failed[direction], i, attempt>>>>
  ELSE With(log, <<<<"StepGivenUp", i, attempt>>>>)

OnAnswer(log, fact) ==
  LET i == fact.step
      back == fact.direction = "undo" IN
  CASE fact.answer = "succeeded" -> With(log, <<<<IF back THEN "UndoSucceeded" ELSE "StepSucceeded", i, 0>>>>)
    [] fact.answer = "refused" -> With(log, <<<<"StepRefused", i, 0>>>>)
    [] fact.answer = "failed" ->
         IF fact.attempt < Attempt(log, i, fact.direction) \/ Waiting(log, i, fact.direction) THEN <<>>
         ELSE AttemptFailed(log, i, fact.direction)

OnDue(log, fact) ==
  LET i == fact.step IN
  IF ~Waiting(log, i, fact.direction) THEN AttemptFailed(log, i, fact.direction)
  ELSE <<<<IF fact.direction = "undo" THEN "UndoRetried" ELSE "StepRetried", i, Attempt(log, i, fact.direction) + 1>>>>

IsOut(log, fact) == fact.step \in IF fact.direction = "undo" THEN Undoing(log) ELSE InFlight(log)

Decide(log, fact) ==
  CASE fact.type = "start" -> IF log = <<>> THEN With(log, Saga("SagaStarted")) ELSE <<>>
    [] log = <<>> \/ HasEnded(log) -> <<>>
    [] fact.type = "cancel" ->
         IF GoesBack(log) THEN <<>> ELSE With(log, Saga("CancelRequested") \o Saga("CompensationStarted"))
    [] ~IsOut(log, fact) -> <<>>
    [] fact.type = "due" -> OnDue(log, fact)
    [] fact.type = "reply" -> OnAnswer(log, fact)
=============================================================================
