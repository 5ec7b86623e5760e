"""Bugs to plant in the engine: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

ENGINE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "undo in forward order",
        "coordinator.engine.compensation",
        "        return state.succeeded[-1:] if not state.undoing else []\n",
        "        state.succeeded.reverse()\n        return state.succeeded[-1:] if not state.undoing else []\n",
    ),
    Mutant(
        "undo all at once",
        "coordinator.engine.compensation",
        "return state.succeeded[-1:] if not state.undoing else []\n",
        "return state.succeeded[-1:]\n",
    ),
    Mutant(
        "the undos of a scope all at once",
        "coordinator.engine.compensation",
        "return [] if waits else done[-1:]",
        "return done",
    ),
    Mutant(
        "behind a scope before it is undone",
        "coordinator.engine.compensation",
        "    left = [*state.to_undo, *state.succeeded, *state.undoing, *state.given_up]\n",
        "    left = [*state.to_undo, *state.succeeded]\n",
    ),
    Mutant(
        "what is in flight when a scope is undone is not undone",
        "coordinator.engine.evolve_scopes",
        "            if step.unknown:\n                state.to_undo.append(number)\n",
        "",
    ),
    Mutant(
        "ended before everything is undone",
        "coordinator.engine.compensation",
        "state.to_undo or state.succeeded or state.undoing or state.given_up",
        "state.to_undo or state.succeeded or state.given_up",
    ),
    Mutant(
        "what timed out is not undone",
        "coordinator.engine.evolve_steps",
        "    settle(state, event.step)\n    if step.unknown:\n        state.to_undo.append(event.step)\n",
        "    settle(state, event.step)\n    if step.unknown and type(event).__name__ != 'StepTimedOut':\n"
        "        state.to_undo.append(event.step)\n",
    ),
    Mutant(
        "what is in flight when the saga turns back is not undone",
        "coordinator.engine.evolve",
        "        if step.unknown:\n            state.to_undo.append(number)\n",
        "",
    ),
    Mutant(
        "a retry takes a new id",
        "coordinator.engine.sends",
        "            id, value = command_id(saga_id, number), step.arguments\n",
        "            id, value = command_id(saga_id, number + 1000), step.arguments\n",
    ),
    Mutant(
        "a retry is not sent",
        "coordinator.engine.sends",
        "frozenset({StepIssued, StepRetried, UndoIssued, UndoRetried})",
        "frozenset({StepIssued, StepRetried, UndoIssued})",
    ),
    Mutant(
        "cancelled after the point of no return",
        "coordinator.engine.state",
        "(self.status.ended or self.forward_only or self.pivot_in_flight)",
        "(self.status.ended or self.pivot_in_flight)",
    ),
    Mutant(
        "cancelled before the point of no return is known",
        "coordinator.engine.state",
        "(self.status.ended or self.forward_only or self.pivot_in_flight)",
        "(self.status.ended or self.forward_only)",
    ),
    Mutant(
        "another input is the same saga",
        "coordinator.engine.absorb",
        "if state.definition == start.definition and same_input(state.input, bytes(start.input)):",
        "if state.definition == start.definition:",
    ),
    Mutant(
        "what cannot be undone is sent",
        "coordinator.engine.order",
        "            if command.undo_with is None and command.lacks_undo:\n",
        "            if False:\n",
    ),
    Mutant(
        "a signal that comes twice is received twice",
        "coordinator.engine.signals",
        "    name = state.signals.ids.get(signal.id)\n",
        "    name = None\n",
    ),
    Mutant(
        "a deferred signal is dropped when the saga goes on",
        "coordinator.engine.replies",
        "            take(turn, signal_of(each))\n",
        "            pass\n",
    ),
    Mutant(
        "a kept signal is not handed to who waits",
        "coordinator.engine.inbox",
        "return self._kept.popleft() if self._kept else None",
        "return None",
    ),
    Mutant(
        "the newest signal is taken first",
        "coordinator.engine.inbox",
        "return self._kept.popleft() if self._kept else None",
        "return self._kept.pop() if self._kept else None",
    ),
    Mutant(
        "who waits no longer is handed a signal",
        "coordinator.engine.asking",
        "                inbox.leave(future)\n",
        "",
    ),
    Mutant(
        "nobody is told of a signal that waits for it",
        "coordinator.engine.feed",
        "*(TimerFired, SignalReceived, UpdateAccepted,",
        "*(TimerFired, UpdateAccepted,",
    ),
    Mutant(
        "answers that came in a pause are dropped",
        "coordinator.engine.halts",
        "    deferred = list(state.deferred.values())\n    mismatch",
        "    deferred = []\n    mismatch",
    ),
    Mutant(
        "time passes in a pause",
        "coordinator.engine.evolve",
        "    state.due.shift(stood_still)\n",
        "",
    ),
    Mutant(
        "a paused saga is woken",
        "coordinator.engine.absorb",
        "    if state.paused_at is not None:\n        return None\n",
        "",
    ),
    Mutant(
        "an undo that a person skipped counts as undone",
        "coordinator.engine.conclude",
        "    if state.skipped:\n",
        "    if False:\n",
    ),
    Mutant(
        "an update that comes twice is accepted twice",
        "coordinator.engine.updates",
        "    name = turn.state.updates.ids.get(update.id)\n",
        "    name = None\n",
    ),
    Mutant(
        "an update is accepted without its check",
        "coordinator.engine.updates",
        "        refusal = _refusal(run, update.name, update.value)\n",
        "        refusal = None\n",
    ),
    Mutant(
        "a saga begins though it refuses its update",
        "coordinator.engine.absorb",
        "                turn.forget()\n",
        "",
    ),
    Mutant(
        "a start brings no update to a saga that is there",
        "coordinator.engine.absorb",
        "return Known() if start.sent is None else _send_existing(turn, start.sent)",
        "return Known()",
    ),
    Mutant(
        "the saga ends although an update is open",
        "coordinator.engine.run",
        "        elif not self._handling or all(each.done() for each in self._handling):\n",
        "        else:\n",
    ),
    Mutant(
        "an update that its handler refused stays open",
        "coordinator.engine.run",
        "                self.script.refuse_update(update, problem)\n",
        "                pass\n",
    ),
    Mutant(
        "a query is answered by code that heard nothing",
        "coordinator.engine.rebuild",
        "            return log[:number]\n",
        "            return log[:1]\n",
    ),
)
