"""Bugs to plant in the runtime's local steps: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

STEPS = "coordinator.runtime.local_steps"
SWEEP = "coordinator.runtime.local_sweep"

LOCAL_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a local step's row goes when its body begins",
        STEPS,
        "            attempt.body = self._bodies[attempt.step] = body\n",
        "            attempt.body = self._bodies[attempt.step] = body\n"
        "            self._relay.confirm(Confirmed(attempt.row.message.command_id, attempt.row.message.attempt))\n",
    ),
    Mutant(
        "a local step's row goes when its body ends",
        STEPS,
        "        reply = Reply(message.command_id, message.attempt, answer)\n",
        "        reply = Reply(message.command_id, message.attempt, answer)\n"
        "        self._relay.confirm(Confirmed(message.command_id, message.attempt))\n",
    ),
    Mutant(
        "local steps are run by whoever decides on them",
        STEPS,
        "            elif self._ownership.owns(shard_of_row(row)):\n",
        "            else:\n",
    ),
    Mutant(
        "bodies go on though their saga is another coordinator's now",
        STEPS,
        "            if not self._ownership.owns(attempt.row.shard):\n",
        "            if False:\n",
    ),
    Mutant(
        "a local step's undo does not wait for its body",
        STEPS,
        "        return forward_id(self.row.message.command_id)\n",
        "        return self.row.message.command_id\n",
    ),
    Mutant(
        "the sweep finds no local steps",
        SWEEP,
        "        while self._room.room and self._ownership.partitions:\n",
        "        while False:\n",
    ),
    Mutant(
        "local steps that are found are run, whether or not they are waited for",
        SWEEP,
        "        found = awaited(state, row.command_id, row.attempt)\n",
        "        found = awaited(state, row.command_id, row.attempt)\n"
        "        found = found or __import__('coordinator.engine.awaited', fromlist=['x']).Awaited(None)\n",
    ),
    Mutant(
        "an older state of a saga ends its local steps",
        STEPS,
        "            elif awaited.not_yet:\n                continue",
        "            elif awaited.not_yet:\n                self._done(attempt)",
    ),
    Mutant(
        "a local step's undo goes to Kafka",
        "coordinator.engine.sends",
        '"undo", attempt, value, deadline, step.other_undo, step.local,',
        '"undo", attempt, value, deadline, step.other_undo, False,',
    ),
)
