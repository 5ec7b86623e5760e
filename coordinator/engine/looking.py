"""A query: the saga's code is called again, fed its history, asked, and thrown away. The saga never hears of it."""

from collections.abc import Generator, Sequence

import msgspec

from contracts.values import write_value
from coordinator.engine.bit_by_bit import at_once
from coordinator.engine.facts import Unfit
from coordinator.engine.handlers import arguments_of
from coordinator.engine.kept import named
from coordinator.engine.rebuild import looking_back, never_began
from coordinator.engine.replay import CodeMismatch
from coordinator.engine.run import Run
from coordinator.engine.script import Meddled
from coordinator.engine.signals import misfit_among
from coordinator.history.events import Event
from coordinator.history.rounds import begun, round_of
from coordinator.saga.definitions import Definitions

_NEVER_BEGAN = "The saga never began: the saga that called it went back before its call arrived."


class Answered(msgspec.Struct, frozen=True):
    """What the code answered, as JSON."""

    answer: msgspec.Raw


class NoAnswer(msgspec.Struct, frozen=True):
    """The code did not answer; a sentence."""

    message: str


def look(
    saga_id: str, log: Sequence[Event], definitions: Definitions, name: str, value: msgspec.Raw
) -> Answered | NoAnswer | Unfit:
    """Asks the saga as its log has it; one that goes back, or has ended, as it stood when its code was left."""
    return at_once(looking(saga_id, log, definitions, name, value))


def looking(
    saga_id: str, log: Sequence[Event], definitions: Definitions, name: str, value: msgspec.Raw
) -> Generator[None, None, Answered | NoAnswer | Unfit]:
    """The same, an event at a time: other work may be done between two."""
    log = round_of(log)
    started = begun(log)
    assert started is not None, "a log begins with saga_started, or with saga_continued"
    definition = definitions.get(started.definition, started.version)
    if definition is not None:
        misfit = misfit_among(definition.queries, definition, "answers no query", name, value)
        if misfit is not None:
            return misfit
    try:
        rebuilt = yield from looking_back(saga_id, log, definitions)
    except CodeMismatch as error:
        return NoAnswer(_NEVER_BEGAN if never_began(log) else str(error))
    assert rebuilt.run is not None, "its code was called again"
    try:
        return _answer(rebuilt.run, name, value)
    finally:
        rebuilt.run.discard()


def _answer(run: Run, name: str, value: msgspec.Raw) -> Answered | NoAnswer:
    if (handler := run.handlers.answers.get(name)) is None:
        return NoAnswer(f"The saga does not answer the query {name} at this point.")
    try:
        arguments = arguments_of(run.definition.queries[name], value)
        return Answered(write_value(run.look(f"The query {name}", handler, arguments)))
    except Meddled as error:
        return NoAnswer(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a cancellation too: whoever asks is not to be cancelled
        return NoAnswer(f"The saga's code cannot answer the query {name}: it raised {named(error)}.")
