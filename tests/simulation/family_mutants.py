"""Bugs to plant in children, rounds and policies of single calls: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

FAMILY_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a child that is asked for again is another one",
        "coordinator.engine.sends",
        "                local=step.local,\n                child=step.child,\n",
        '                local=step.local,\n                child=step.child and f"{step.child}-{attempt}",\n',
    ),
    Mutant(
        "a child that has gone through is not undone",
        "coordinator.engine.undone_by_parent",
        "    if state.status is Status.COMPLETED:\n",
        "    if state.status is Status.COMPLETED:\n        return Known(Success(NULL))\n    if False:\n",
    ),
    Mutant(
        "the undo of a child that never began is forgotten",
        "coordinator.engine.undone_by_parent",
        "        return _never_begins(turn, undo)\n",
        "        return Known(Success(NULL))\n",
    ),
    Mutant(
        "the steps of a round are numbered anew",
        "coordinator.engine.rounds",
        "        steps=state.last_step,\n",
        "        steps=0,\n",
    ),
    Mutant(
        "a round forgets the signals that nobody has taken",
        "coordinator.engine.rounds",
        "        kept=tuple(state.signals.kept.values()),\n",
        "        kept=(),\n",
    ),
    Mutant(
        "the declared undo is done where a call has chosen another",
        "coordinator.engine.sends",
        "deadline, step.other_undo, step.local, step.child\n",
        "deadline, None, step.local, step.child\n",
    ),
    Mutant(
        "nobody waits for the signal that frees a step",
        "coordinator.engine.held",
        "if (step := state.steps[number]).held and step.held_for == signal]",
        "if False and (step := state.steps[number])]",
    ),
)
