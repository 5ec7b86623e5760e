"""How the statement for a whole batch is put together."""

import re

import pytest

from coordinator.runtime.ports import Confirmed
from coordinator.store import statements
from coordinator.store.batch import Batch, batch_of
from tests.conformance.writes import command, completed, start, step

EVERYTHING = batch_of([start("a", command("a", 1)), step("b", 2, change=completed())], [Confirmed("c:1", 1)])


@pytest.mark.parametrize("left_out", range(5), ids=["nothing", "starts", "changes", "outbox", "confirmed"])
def test_every_column_has_its_parameter(left_out: int) -> None:
    """As many arrays as numbers, none twice, none left out; nothing of a part that has no rows."""
    batch = Batch(
        *(([],) * len(part) if place and place == left_out else part for place, part in enumerate(EVERYTHING))
    )
    numbers = {int(number) for number in re.findall(r"\$(\d+)", batch.statement)}
    assert numbers == set(range(1, len(batch.columns) + 1))
    tables = ["INSERT INTO saga", "UPDATE saga", "INSERT INTO outbox", "DELETE FROM outbox"]
    assert [table in batch.statement for table in tables] == [place != left_out for place in range(1, 5)]


def test_the_columns_of_a_part_are_of_one_length() -> None:
    """A row is what stands at one place of each."""
    batch = batch_of([start("a", command("a", 1)), step("b", 2, change=completed())], [Confirmed("c:1", 1)] * 3)
    assert [{len(column) for column in part} for part in batch] == [{2}, {1}, {1}, {1}, {3}]


def test_text_is_not_built_from_values() -> None:
    """Statements are constants: whatever an id holds, it travels as a parameter."""
    assert "book_trip" not in "".join(value for value in vars(statements).values() if isinstance(value, str))
