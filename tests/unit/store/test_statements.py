"""How the statement for a whole batch is put together."""

import re

import pytest
from msgspec.structs import replace

from coordinator.runtime.ports import Confirmed, ShownInRow
from coordinator.store import statements
from coordinator.store.batch import Batch, batch_of
from tests.conformance.writes import another_round, command, completed, start, step

EVERYTHING = batch_of([start("a", command("a", 1)), step("b", 2, change=completed())], [Confirmed("c:1", 1)])
SHOWING = batch_of(
    [start("a", command("a", 1)), step("b", 2, change=replace(completed(), shown=ShownInRow("done", b"{}")))],
    [Confirmed("c:1", 1)],
)
PARTS = ("nothing", "starts", "changes", "outbox", "confirmed")


@pytest.mark.parametrize("whole", [EVERYTHING, SHOWING], ids=["plain", "showing"])
@pytest.mark.parametrize("left_out", PARTS)
def test_every_column_has_its_parameter(left_out: str, whole: Batch) -> None:
    """As many arrays as numbers, none twice, none left out; nothing of a part that has no rows."""
    batch = whole if left_out == "nothing" else whole._replace(**{left_out: ()})
    numbers = {int(number) for number in re.findall(r"\$(\d+)", batch.statement)}
    assert numbers == set(range(1, len(batch.columns) + 1))
    tables = ["INSERT INTO saga", "UPDATE saga", "INSERT INTO outbox", "DELETE FROM outbox"]
    assert [table in batch.statement for table in tables] == [part != left_out for part in PARTS[1:]]


@pytest.mark.parametrize("shown", [None, ShownInRow("done", b"{}")])
def test_the_columns_of_a_part_are_of_one_length(shown: ShownInRow | None) -> None:
    """A row is what stands at one place of each."""
    done = step("b", 2, change=replace(completed(), shown=shown))
    batch = batch_of([start("a", command("a", 1)), done], [Confirmed("c:1", 1)] * 3)
    lengths = [{len(column) for column in part} for part in (batch.history, batch.starts, batch.changes)]
    assert lengths == [{2}, {1}, {1}]
    assert [{len(column) for column in part} for part in (batch.outbox, batch.confirmed)] == [{1}, {3}]


def test_what_nobody_shows_costs_nothing() -> None:
    """The statement for sagas that show nothing does not know of it."""
    assert "status_line" in SHOWING.statement
    assert "status_line" not in EVERYTHING.statement
    assert "attributes" not in EVERYTHING.statement
    assert len(EVERYTHING.columns) == len(SHOWING.columns) - 5


def test_text_is_not_built_from_values() -> None:
    """Statements are constants: whatever an id holds, it travels as a parameter."""
    assert "book_trip" not in "".join(value for value in vars(statements).values() if isinstance(value, str))


def test_rounds_cost_nothing_where_there_is_one() -> None:
    """The statement for sagas in their first round locks nothing, and deletes nothing."""
    rounds = batch_of([start("a"), another_round("b", 3, 2), another_round("c", 9, 4, first_row=5)], [])
    numbers = {int(number) for number in re.findall(r"\$(\d+)", rounds.statement)}
    assert numbers == set(range(1, len(rounds.columns) + 1))
    parts = [{len(column) for column in part} for part in (rounds.history, rounds.changes)]
    assert parts == [{3}, {2}]
    assert rounds.over == (["b", "c"], [1, 5], [3, 9])
    for word in ("FOR NO KEY UPDATE", "DELETE FROM history", "first_row"):
        assert word in rounds.statement
        assert word not in EVERYTHING.statement
