"""A history does not depend on how facts were batched: one by one, all at once, or anything between."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import pytest
from msgspec import Raw

from contracts.answers import Answer, Failure, Refusal, Success
from contracts.failures import Problem
from coordinator.engine.facts import Cancel, Fact, Reply, Resume, Start, WakeUp
from coordinator.history.codec import write_events
from coordinator.saga import SagaDefinition
from tests.sagas import NOON, SagaDriver
from tests.unit.engine.stories import buggy, errand, hasty

OK = Success(Raw(b'"x"'))
NO = Refusal(Problem("no"))
BROKEN = Failure(Problem("broken", retryable=True))


def reply(definition: SagaDefinition, step: int, answer: Answer, undo: bool = False) -> Reply:
    return Reply(f"{definition.name}:1:{step}{':undo' if undo else ''}", 1, answer)


def start(definition: SagaDefinition) -> Start:
    return Start(definition.name, 1, Raw(b"null"))


PLAYS: dict[str, tuple[SagaDefinition, list[Fact]]] = {
    "completes": (
        errand,
        [start(errand), *(reply(errand, n, Success(Raw(b"1")) if n == 3 else OK) for n in (1, 2, 3, 4))],
    ),
    "goes back": (
        errand,
        [
            start(errand),
            reply(errand, 1, OK),
            WakeUp(),
            reply(errand, 1, OK),
            reply(errand, 2, NO),
            reply(errand, 1, OK, undo=True),
            Cancel(),
        ],
    ),
    "is cancelled": (
        errand,
        [start(errand), Cancel(), reply(errand, 1, OK), reply(errand, 1, OK, undo=True), Resume()],
    ),
    "has a bug": (
        buggy,
        [start(buggy), reply(buggy, 1, OK), Resume(), reply(buggy, 1, OK), Cancel(), reply(buggy, 1, OK, undo=True)],
    ),
    "is retried": (
        hasty,
        [start(hasty), reply(hasty, 1, BROKEN), WakeUp(), reply(hasty, 1, OK), reply(hasty, 1, NO)],
    ),
}


def splits(count: int) -> Iterator[list[tuple[int, int]]]:
    """Every way to cut a row of facts into batches, as pairs of first and last-but-one."""
    for cuts in product((False, True), repeat=count - 1):
        ends = [0, *(place for place, cut in enumerate(cuts, 1) if cut), count]
        yield list(pairwise(ends))


def played(definition: SagaDefinition, batches: Sequence[Sequence[Fact]]) -> tuple[bytes, object, object]:
    """All events, all sends and all verdicts."""
    saga = SagaDriver(definition, now=NOON)
    verdicts: list[object] = []
    for batch in batches:
        saga.advance(*batch)
        assert saga.last is not None
        verdicts.extend(saga.last.verdicts)
    return write_events(saga.history), saga.sent, verdicts


@pytest.mark.parametrize("name", PLAYS)
def test_every_split_gives_the_same_history(name: str) -> None:
    """However the same facts are batched: same events, same commands, same verdicts."""
    definition, facts = PLAYS[name]
    whole = played(definition, [facts])
    for split in splits(len(facts)):
        assert played(definition, [facts[first:last] for first, last in split]) == whole


@pytest.mark.parametrize("name", PLAYS)
def test_an_activation_is_one_row(name: str) -> None:
    """All that a batch decides stands in one row; a batch that decides nothing writes none."""
    definition, facts = PLAYS[name]
    saga = SagaDriver(definition).advance(*facts)
    assert (saga.machine.seq, len(saga.rows)) == (1, 1)
    assert saga.advance(Start(definition.name, 1, Raw(b"null"))).machine.seq == 1
