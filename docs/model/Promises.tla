------------------------------ MODULE Promises ------------------------------
(***************************************************************************)
(* What must be true whatever happens. `Amends` is how it is kept.         *)
(***************************************************************************)
EXTENDS Amends, Integers

Count(s, i, direction) == Cardinality({k \in DOMAIN effects[s] : effects[s][k] = <<i, direction>>})
Place(s, i, direction) == CHOOSE k \in DOMAIN effects[s] : effects[s][k] = <<i, direction>>
Completed(s, i) == CHOOSE k \in DOMAIN Completion(Log(s)) : Completion(Log(s))[k][2] = i

(* Nothing is done twice, nothing is undone twice.                         *)
AtMostOnce == \A s \in Sagas, i \in Steps : Count(s, i, "forward") <= 1 /\ Count(s, i, "undo") <= 1

(* Completed: all of it was done, none of it was undone.                   *)
CompletedIsDone ==
  \A s \in Sagas : Said(Log(s), "SagaCompleted") =>
    \A i \in Steps : Count(s, i, "forward") = 1 /\ Count(s, i, "undo") = 0

(* Compensated: what was done is undone. Failed: nothing was done.         *)
CompensatedIsUndone ==
  \A s \in Sagas :
    /\ Said(Log(s), "SagaCompensated") => \A i \in Steps : Count(s, i, "forward") = Count(s, i, "undo")
    /\ Said(Log(s), "SagaFailed") => effects[s] = <<>>

(* An undo that does something comes after what it undoes; an unknown outcome is undone before the known *)
(* ones; of the known ones, the last that completed goes first.            *)
Precedes(log, s, i, j) ==
  IF j \in Succeeded(log) THEN i \in Unknown(log) \/ Completed(s, i) > Completed(s, j) ELSE i \in Unknown(log)
UndoneInReverse ==
  \A s \in Sagas :
    LET undone == {i \in Steps : Count(s, i, "undo") > 0} IN
    /\ \A i \in undone : Count(s, i, "forward") > 0 /\ Place(s, i, "forward") < Place(s, i, "undo")
    /\ \A i, j \in undone : Place(s, i, "undo") < Place(s, j, "undo") => Precedes(Log(s), s, i, j)

(* Rows are numbered without a gap; a saga starts once and ends once, and nothing comes after its end. *)
HistoryIsWhole ==
  \A s \in Sagas :
    /\ \A k \in DOMAIN history[s].rows : history[s].rows[k] = k
    /\ \A k \in DOMAIN Log(s) : Log(s)[k][1] = "SagaStarted" <=> k = 1
    /\ \A k \in DOMAIN Log(s) : HasEnded(SubSeq(Log(s), 1, k)) => k = Len(Log(s))

(* What is sent was decided.                                               *)
OnlyDecided == \A s \in Sagas : commands[s] \cup outbox[s] \subseteq Decided(s)

(* Every answer that a saga waits for is on its way, and no time-out is needed to bring it: its command is in the *)
(* outbox or in Kafka, or the answer itself is. And a saga that has not ended waits for something. *)
Awaited(log, m) ==
  /\ IsOut(log, m)
  /\ m.attempt = Attempt(log, m.step, m.direction)
  /\ ~Waiting(log, m.step, m.direction)
OnItsWay(s, m) == m \in outbox[s] \cup commands[s] \/ \E r \in replies[s] : SameId(r, m) /\ Decide(Log(s), r) # <<>>
NothingLost ==
  \A s \in Sagas :
    /\ \A m \in Decided(s) : Awaited(Log(s), m) => OnItsWay(s, m)
    /\ Log(s) = <<>> \/ HasEnded(Log(s)) \/ Timers(Log(s)) # {}

-----------------------------------------------------------------------------
(* Every saga ends, and nothing stays behind. In two parts that need no fairness. Wherever faults have led, a saga *)
(* that has not ended can be brought on by one of the steps of `Helps`, and so can what is left of those that have; *)
CanHandle(s, m) == Standing(s, m) # {} \/ After(barrier[s][m.step], m) # {barrier[s][m.step]}
BroughtOn(s) ==
  \/ \E c \in Coordinators : Lands(s, flight[c][s])
  \/ \E fact \in Expected(s) : Decide(Log(s), fact) # <<>>
  \/ \E m \in commands[s] : IsOut(Log(s), m) /\ CanHandle(s, m)
  \/ \E m \in outbox[s] \ confirmed[s] : IsOut(Log(s), m)
ClearedUp(s) ==
  \/ \E c \in Coordinators : Batch(c) # {}
  \/ \E m \in commands[s] : CanHandle(s, m)
  \/ \E r \in replies[s] : Decide(Log(s), r) = <<>>
  \/ outbox[s] \ confirmed[s] # {} \/ Deletable(s) # {}
GoesOn == (\A s \in Sagas : HasEnded(Log(s)) \/ BroughtOn(s)) /\ (AtRest \/ \E s \in Sagas : BroughtOn(s) \/ ClearedUp(s))

(* that step can really be made, whatever `GoesOn` says of what it needs. Only where nothing is left out: *)
CanGoOn == AtRest \/ ENABLED Helps

(* And every such step raises a number that has a limit: a row that lands counts more than all that it sets off. *)
RECURSIVE Sum(_, _)
Sum(Of(_), set) == IF set = {} THEN 0 ELSE LET x == CHOOSE x \in set : TRUE IN Of(x) + Sum(Of, set \ {x})
Worth(known) == CASE known = "nothing" -> 0 [] known = "undone" -> 2 [] OTHER -> 1
Reached ==
  LET OfSaga(s) == 10000 * Len(history[s].rows)
        - 400 * Cardinality(outbox[s] \ confirmed[s]) - 200 * Cardinality(outbox[s] \cap confirmed[s])
        - 10 * Cardinality(confirmed[s]) - 20 * Cardinality(commands[s]) - Cardinality(replies[s])
        + Sum(LAMBDA i : Worth(barrier[s][i]), Steps)
      OfRow(x) == IF Lands(x[2], flight[x[1]][x[2]]) THEN 1 ELSE IF flight[x[1]][x[2]] = NoRow THEN 0 ELSE -1
  IN  Sum(OfSaga, Sagas) + Sum(OfRow, Coordinators \X Sagas)
EveryStepHelps == [][Helps => Reached' > Reached]_vars

-----------------------------------------------------------------------------
(* Plans. *)
One == <<{1}>>
Two == <<{1}, {2}>>
TwoAtOnce == <<{1, 2}>>
Three == <<{1}, {2}, {3}>>
OneThenTwo == <<{1}, {2, 3}>>
ThreeAtOnce == <<{1, 2, 3}>>
=============================================================================
