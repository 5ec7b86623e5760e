"""Bugs to plant in what is answered later, in deadlines that are extended, and in patches: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

LATER_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "what is answered later is done again when it comes again",
        "participants.sdk.entry",
        "            return UNDONE_BEFORE if self.tombstone else self.forward\n",
        "            again = isinstance(self.forward, Pending)\n"
        "            return UNDONE_BEFORE if self.tombstone else None if again else self.forward\n",
    ),
    Mutant(
        "of what is answered later there is nothing to undo",
        "participants.sdk.entry",
        "or isinstance(self.forward, Refusal):",
        "or isinstance(self.forward, Refusal | Pending):",
    ),
    Mutant(
        "what is answered later may take longer than the contract says",
        "coordinator.engine.times",
        "    return most if said is None or (most is not None and most < said) else said\n",
        "    return most if said is None else said\n",
    ),
    Mutant(
        "an answer by the command's id is for the first attempt",
        "coordinator.engine.replies",
        "attempt=step.undo_attempt if ref.undo else step.attempt)",
        "attempt=1)",
    ),
    Mutant(
        "an extended deadline comes when it would have come",
        "coordinator.engine.evolve",
        "    state.due.put(DEADLINE, event.due)\n",
        "    pass\n",
    ),
    Mutant(
        "a replay is told of the deadline before it was extended",
        "coordinator.engine.replay",
        "        return self._state.due.at(DEADLINE)\n",
        "        return due\n",
    ),
    Mutant(
        "a saga that goes on past its deadline cannot ask for more time",
        "coordinator.engine.live",
        "return None if self.state.cancel is None else within(now, now + by)",
        "return None",
    ),
    Mutant(
        "who was here before a patch goes its way",
        "coordinator.engine.replay",
        "        if self._tail_at is None or self._logged is not None:\n            return False\n",
        "        if self._tail_at is None or self._logged is not None:\n            return True\n",
    ),
    Mutant(
        "a patch that was taken is forgotten",
        "coordinator.engine.replay",
        "        if name in self._patches:\n            return True\n",
        "",
    ),
    Mutant(
        "the way of a patch is chosen anew each time",
        "coordinator.engine.asking",
        "        if name not in self._patches:\n",
        "        if True:\n",
    ),
)
