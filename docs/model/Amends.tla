------------------------------- MODULE Amends -------------------------------
(***************************************************************************)
(* How Amends keeps a saga's promise: history, fence, outbox, offsets and  *)
(* barrier, with several coordinators and participants, each of which may  *)
(* stop anywhere, for a while or for ever. README.md beside this file says *)
(* which code each action stands for, what is left out, and why.           *)
(*                                                                         *)
(* Kafka is modelled by what it guarantees. Whatever was ever sent may     *)
(* arrive: any number of times, in any order, however late (`Sent`,        *)
(* `Told`). What stands behind the committed offset is sure to arrive:     *)
(* `commands`, `replies`.                                                  *)
(***************************************************************************)
EXTENDS Engine

CONSTANTS
  Sagas, Coordinators,
  MayFail,    \* whether a handler may fail, as well as do what it is asked, or refuse
  Surprises   \* how many attempts fail or time out, and how many sagas are cancelled: in all of a run

VARIABLES     \* of each saga:
  history,    \* the coordinators' Postgres: the numbers of its rows, and its events
  outbox,     \*   commands decided whose arrival in Kafka nobody has confirmed
  flight,     \* each coordinator's memory: the row that is decided and not committed
  confirmed,  \*   commands that Kafka has acknowledged, whose outbox rows are to be deleted
  commands,   \* Kafka: those behind the participants' committed offset
  replies,    \*   those behind the coordinators' committed offset
  barrier,    \* the participants' Postgres: what is known of the command of each step
  effects     \*   what was really done, in that order

vars == <<history, outbox, flight, confirmed, commands, replies, barrier, effects>>

NoRow == [seq |-> 0, events |-> <<>>]

Init ==
  /\ history = [s \in Sagas |-> [rows |-> <<>>, events |-> <<>>]]
  /\ outbox = [s \in Sagas |-> {}]
  /\ flight = [c \in Coordinators |-> [s \in Sagas |-> NoRow]]
  /\ confirmed = [s \in Sagas |-> {}]
  /\ commands = [s \in Sagas |-> {}]
  /\ replies = [s \in Sagas |-> {}]
  /\ barrier = [s \in Sagas |-> [i \in Steps |-> "nothing"]]
  /\ effects = [s \in Sagas |-> <<>>]

Log(s) == history[s].events
Decided(s) == Sends(Log(s))
Sent(s) == Decided(s) \cup commands[s]

-----------------------------------------------------------------------------
(* A participant.                                                          *)

(* The barrier: what may be known of a command once it, or its undo, has come. *)
Met(known, m) ==
  CASE m.direction = "forward" /\ known = "nothing" -> {"succeeded", "refused"}
    [] m.direction = "undo" /\ known = "nothing" -> {"tombstone"}
    [] m.direction = "undo" /\ known = "succeeded" -> {"undone"}
    [] OTHER -> {known}
Done(known, now) == now # known /\ now \in {"succeeded", "undone"}  \* whether something is really done
After(known, m) == Met(known, m)
Does(known, now, m) == {Done(known, now)}

(* One transaction: barrier, effect, kept answer. The process may die right after it: nothing else has happened. *)
Handle(s, m) ==
  LET known == barrier[s][m.step] IN
  /\ \E now \in After(known, m) : \E does \in Does(known, now, m) :
       /\ now # known \/ does
       /\ barrier' = [barrier EXCEPT ![s][m.step] = now]
       /\ effects' = IF does THEN [effects EXCEPT ![s] = Append(@, <<m.step, m.direction>>)] ELSE effects
  /\ UNCHANGED <<history, outbox, flight, confirmed, commands, replies>>

(* The answer that stands; none while the handler has to be called first.  *)
Kept(known, m) ==
  CASE known = "nothing" -> {}
    [] m.direction = "forward" -> IF known \in {"succeeded", "undone"} THEN {"succeeded"} ELSE {"refused"}
    [] m.direction = "undo" -> IF known = "succeeded" THEN {} ELSE {"succeeded"}
Standing(s, m) == Kept(barrier[s][m.step], m)
Told(s) == UNION {{Reply(m, answer) : answer \in Standing(s, m)} : m \in Sent(s)}

(* The reply is in Kafka, then the command's offset is committed; unless the process dies in between (through = {}). *)
AnswerWith(s, m, answer, through) ==
  /\ replies' = [replies EXCEPT ![s] = @ \cup {Reply(m, answer)}]
  /\ commands' = [commands EXCEPT ![s] = @ \ through]
  /\ UNCHANGED <<history, outbox, flight, confirmed, barrier, effects>>
Answer(s, m, through) == \E answer \in Standing(s, m) : AnswerWith(s, m, answer, through)

-----------------------------------------------------------------------------
(* A coordinator.                                                          *)

(* Facts that are sure to come: the start, replies, and the time of the next attempt. *)
Expected(s) == {Start} \cup replies[s] \cup {t \in Timers(Log(s)) : Waiting(Log(s), t.step, t.direction)}
(* Facts that may come or not: a cancel, and time-outs. Their number bounds a run. *)
Unexpected(s) == {Cancel} \cup (Timers(Log(s)) \ Expected(s))

Surprising == {"StepAttemptFailed", "StepGivenUp", "UndoAttemptFailed", "CancelRequested"}
Surprised(events) == {k \in DOMAIN events : events[k][1] \in Surprising}
Spent ==
  Cardinality(UNION {{s} \X Surprised(Log(s)) : s \in Sagas})
  + Cardinality({x \in Coordinators \X Sagas :
      Surprised(flight[x[1]][x[2]].events) # {} /\ flight[x[1]][x[2]].seq > Len(history[x[2]].rows)})
  + Cardinality(UNION {{s} \X {r \in replies[s] : r.answer = "failed" /\ Decide(Log(s), r) # <<>>} : s \in Sagas})

(* The handler failed: nothing stays of it, and the coordinator is told.   *)
Fail(s, m) ==
  /\ MayFail /\ Spent < Surprises
  /\ Standing(s, m) = {}
  /\ AnswerWith(s, m, "failed", {m})

(* What is done before the commit: nothing.                                *)
SentEarly(events) == {}
OffsetsEarly(fact) == {}

(* A fact meets the saga, and a row is decided. A process that is stopped here, for however long, is a zombie. *)
Take(c, s, fact) ==
  LET events == Decide(Log(s), fact) IN
  /\ flight[c][s].seq <= Len(history[s].rows)  \* one row of a saga at a time, but for those that have lost already
  /\ events # <<>>
  /\ flight' = [flight EXCEPT ![c][s] = [seq |-> Len(history[s].rows) + 1, events |-> events]]
  /\ commands' = [commands EXCEPT ![s] = @ \cup SentEarly(events)]
  /\ replies' = [replies EXCEPT ![s] = @ \ OffsetsEarly(fact)]
  /\ UNCHANGED <<history, outbox, confirmed, barrier, effects>>

(* One transaction for the whole batch; a row that loses to the fence loses alone. *)
Lands(s, row) == row.seq = Len(history[s].rows) + 1
Batch(c) == {s \in Sagas : flight[c][s] # NoRow}
Won(c) == {s \in Batch(c) : Lands(s, flight[c][s])}
SendsKept(c) == Won(c)
Commit(c) ==
  /\ Batch(c) # {}
  /\ history' = [s \in Sagas |->
       IF s \notin Won(c) THEN history[s]
       ELSE [rows |-> Append(history[s].rows, flight[c][s].seq), events |-> Log(s) \o flight[c][s].events]]
  /\ outbox' = [s \in Sagas |->
       IF s \notin SendsKept(c) THEN outbox[s]
       ELSE LET sends == Sends(flight[c][s].events) IN {m \in outbox[s] : ~\E n \in sends : SameId(m, n)} \cup sends]
  /\ flight' = [flight EXCEPT ![c] = [s \in Sagas |-> NoRow]]
  /\ UNCHANGED <<confirmed, commands, replies, barrier, effects>>

(* The log says that the reply changes nothing, or nothing any more: its offset is committed. *)
BelievedBy(s) == {Log(s)}
Acknowledge(s, r) ==
  /\ \E log \in BelievedBy(s) : Decide(log, r) = <<>>
  /\ replies' = [replies EXCEPT ![s] = @ \ {r}]
  /\ UNCHANGED <<history, outbox, flight, confirmed, commands, barrier, effects>>

(* By whoever decided it, or by anybody's sweep.                           *)
Publish(s, m) ==
  /\ commands' = [commands EXCEPT ![s] = @ \cup {m}]
  /\ confirmed' = [confirmed EXCEPT ![s] = @ \cup {m}]
  /\ UNCHANGED <<history, outbox, flight, replies, barrier, effects>>

Deletable(s) == confirmed[s]
RowsOf(s, m) == {m}
Delete(s, m) ==
  /\ outbox' = [outbox EXCEPT ![s] = @ \ RowsOf(s, m)]
  /\ confirmed' = [confirmed EXCEPT ![s] = @ \ {m}]
  /\ UNCHANGED <<history, flight, commands, replies, barrier, effects>>

(* What was decided and not committed is gone: its facts come again.       *)
Crash(c) ==
  /\ Batch(c) # {}
  /\ flight' = [flight EXCEPT ![c] = [s \in Sagas |-> NoRow]]
  /\ UNCHANGED <<history, outbox, confirmed, commands, replies, barrier, effects>>

-----------------------------------------------------------------------------
AtRest ==
  /\ \A s \in Sagas : HasEnded(Log(s)) /\ outbox[s] \cup confirmed[s] \cup commands[s] \cup replies[s] = {}
  /\ \A c \in Coordinators : Batch(c) = {}
Rest == AtRest /\ UNCHANGED vars  \* so that any other state without a way on counts as a deadlock

(* What has to happen, sooner or later.                                    *)
Handles == \E s \in Sagas : \E m \in commands[s] : Handle(s, m)
Answers == \E s \in Sagas : \E m \in commands[s] : Answer(s, m, {m})
Takes == \E s \in Sagas : \E fact \in Expected(s) : \E c \in Coordinators : Take(c, s, fact)
Commits == \E c \in Coordinators : Commit(c)
Acknowledges == \E s \in Sagas : \E r \in replies[s] : Acknowledge(s, r)
Publishes == \E s \in Sagas : \E m \in outbox[s] \ confirmed[s] : Publish(s, m)
Deletes == \E s \in Sagas : \E m \in Deletable(s) : Delete(s, m)
Helps == Handles \/ Answers \/ Takes \/ Commits \/ Acknowledges \/ Publishes \/ Deletes

(* What may happen besides: doubled and late messages, deaths in between, time-outs, failures, cancels. *)
HandlesStray == \E s \in Sagas : \E m \in Decided(s) \ commands[s] : Handle(s, m)
AnswersAndDies == \E s \in Sagas : \E m \in commands[s] : Answer(s, m, {})
Fails == \E s \in Sagas : \E m \in commands[s] : Fail(s, m)
TakesStray == \E s \in Sagas : \E fact \in Told(s) \ replies[s] : \E c \in Coordinators : Take(c, s, fact)
TakesSurprise ==
  /\ Spent < Surprises
  /\ \E s \in Sagas : \E fact \in Unexpected(s) : \E c \in Coordinators : Take(c, s, fact)
PublishesAgain == \E s \in Sagas : \E m \in outbox[s] \cap confirmed[s] : Publish(s, m)
Crashes == \E c \in Coordinators : Crash(c)
Hurts ==
  HandlesStray \/ AnswersAndDies \/ Fails \/ TakesStray \/ TakesSurprise \/ PublishesAgain \/ Crashes

Next == Helps \/ Hurts \/ Rest

Spec == Init /\ [][Next]_vars
=============================================================================
