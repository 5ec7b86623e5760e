------------------------------- MODULE Reduced ------------------------------
(***************************************************************************)
(* The same behaviours with far fewer states: states are taken for one     *)
(* when they differ only in                                                *)
(*                                                                         *)
(* - messages, outbox rows and confirmations of commands whose answer is   *)
(*   settled. A settled command stays settled, and what it brings about    *)
(*   changes nothing but other such leftovers: Decide says so of its       *)
(*   reply, and of handling it nothing depends on its being in `commands`, *)
(*   since anything ever sent may be handled at any time;                  *)
(* - rows that have lost to the fence: they change nothing when they are   *)
(*   committed, and Take may put another in their place;                   *)
(* - which coordinator, and which saga, is which.                          *)
(*                                                                         *)
(* In each case what one of two such states can do, the other can do, and  *)
(* the results are such states again. The runs without this view           *)
(* (README.md) come to the same.                                           *)
(***************************************************************************)
EXTENDS Promises

Orders == {q \in [1..Cardinality(Sagas) -> Sagas] : \A j, k \in DOMAIN q : j # k => q[j] # q[k]}

PartOf(s) ==
  LET log == Log(s)
      flying == InFlight(log)
      undoing == Undoing(log)
      Live(set) == {m \in set : m.step \in IF m.direction = "forward" THEN flying ELSE undoing} IN
  <<history[s], Live(outbox[s]), Live(confirmed[s] \cap outbox[s]), Live(commands[s]), Live(replies[s]), barrier[s], effects[s]>>

RowsOfBatch(c, q) == [k \in DOMAIN q |-> IF Lands(q[k], flight[c][q[k]]) THEN flight[c][q[k]].events ELSE <<>>]

View ==
  LET parts == [s \in Sagas |-> PartOf(s)] IN
  {<<[k \in DOMAIN q |-> parts[q[k]]], {RowsOfBatch(c, q) : c \in Coordinators}>> : q \in Orders}
=============================================================================
