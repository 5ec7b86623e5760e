-------------------------------- MODULE Twins -------------------------------
(***************************************************************************)
(* The same protocol with one mistake each. A run replaces an operator of  *)
(* `Amends` by one of these, or takes another specification, and has to    *)
(* find a behaviour that breaks a promise. If it does not, the model is    *)
(* blind there. README.md says which twin breaks what.                     *)
(***************************************************************************)
EXTENDS Reduced

-----------------------------------------------------------------------------
(* Participants. *)

(* No barrier: a handler is called whenever its command comes.             *)
AfterWithoutBarrier(known, m) == IF m.direction = "forward" THEN {"succeeded", "refused"} ELSE {"undone"}
DoesWithoutBarrier(known, now, m) == {now # "refused"}

(* The barrier's row is written after the effect, in a transaction of its own, *)
AfterEffectFirst(known, m) == Met(known, m) \cup (IF m.direction = "forward" THEN {known} ELSE {})
DoesEffectFirst(known, now, m) == {Done(known, now) \/ (m.direction = "forward" /\ known = "nothing" /\ now = "nothing")}
(* or before it.                                                           *)
DoesRowFirst(known, now, m) == {Done(known, now), FALSE}

(* An undo that comes first finds nothing to undo, and leaves no trace of itself. *)
AfterWithoutTombstone(known, m) == IF m.direction = "undo" /\ known = "nothing" THEN {known} ELSE Met(known, m)
StandingWithoutTombstone(s, m) ==
  LET known == barrier[s][m.step] IN IF m.direction = "undo" /\ known = "nothing" THEN {"succeeded"} ELSE Kept(known, m)

(* Every attempt has an id of its own, so the barrier does not know it again. *)
AfterNewIds(known, m) == IF m.direction = "forward" /\ m.attempt > 1 THEN {"succeeded", "refused"} ELSE Met(known, m)
DoesNewIds(known, now, m) == {IF m.direction = "forward" /\ m.attempt > 1 THEN now = "succeeded" ELSE Done(known, now)}

(* The offset is committed before the transaction, *)
Forget(s, m) ==
  /\ commands' = [commands EXCEPT ![s] = @ \ {m}]
  /\ UNCHANGED <<history, outbox, flight, confirmed, replies, barrier, effects>>
CommitsOffsetFirst == \E s \in Sagas : \E m \in commands[s] : Forget(s, m)
OffsetFirst == Init /\ [][Next \/ CommitsOffsetFirst]_vars
(* or after it, and before Kafka has the reply: in other words, a duplicate is dropped without an answer. *)
DropsDuplicate == \E s \in Sagas : \E m \in commands[s] : Standing(s, m) # {} /\ Forget(s, m)
DuplicateDropped == Init /\ [][Next \/ DropsDuplicate]_vars

-----------------------------------------------------------------------------
(* Coordinators. *)

(* What is decided is sent at once, not after the commit.                  *)
SentBeforeCommit(events) == Sends(events)

(* The offset of a reply is committed when it is read, not after the commit. *)
OffsetsBeforeCommit(fact) == IF fact.type = "reply" THEN {fact} ELSE {}

(* The fence: whoever is late is written all the same, *)
AlwaysLands(s, row) == TRUE
(* or its history is not, and what it sends is.                            *)
SendsKeptOfAll(c) == Batch(c)

(* A copy in memory that is behind the log is believed when it says that a reply belongs to nothing. *)
BelievedStale(s) == {SubSeq(Log(s), 1, k) : k \in 0..Len(Log(s))}

(* An offset is committed past a reply of another saga that nobody has handled. *)
AcknowledgesPast ==
  \E s, other \in Sagas : \E passed \in replies[other] :
    /\ s # other /\ Succeeded(Log(s)) # {}
    /\ replies' = [replies EXCEPT ![other] = @ \ {passed}]
    /\ UNCHANGED <<history, outbox, flight, confirmed, commands, barrier, effects>>
OffsetPastOthers == Init /\ [][Next \/ AcknowledgesPast]_vars

(* An outbox row is deleted before Kafka has acknowledged it, *)
DeletableAtOnce(s) == outbox[s]
(* or, when it has, together with the newer attempt that has taken its place. *)
RowsOfAllAttempts(s, m) == {n \in outbox[s] : SameId(m, n)}

(* Nobody deletes what Kafka has acknowledged.                             *)
NeverHappens == FALSE

-----------------------------------------------------------------------------
(* The engine. *)

(* The undo of known steps: the first completed goes first, *)
NextKnownForward(log) ==
  LET known == SelectSeq(Completion(log), LAMBDA e : e[2] \notin UndoIssued(log)) IN
  IF known = <<>> \/ Undoing(log) # {} THEN {} ELSE {known[1][2]}
(* or all at once.                                                         *)
NextKnownAtOnce(log) == Succeeded(log) \ UndoIssued(log)

(* A step without an answer is taken for one that was never done.          *)
NothingUnknown(log) == {}

(* A saga has ended when its undos are sent.                               *)
AlwaysThrough(log) == TRUE
=============================================================================
