"""How the statement for a whole batch is put together."""

import re

from coordinator.runtime.ports import Confirmed
from coordinator.store import statements
from coordinator.store.batch import batch_of
from tests.conformance.writes import command, completed, start, step


def test_every_column_has_its_parameter() -> None:
    """As many arrays as numbers, none twice, none left out."""
    batch = batch_of([start("a", command("a", 1)), step("b", 2, change=completed())], [Confirmed("c:1", 1)])
    numbers = {int(number) for number in re.findall(r"\$(\d+)", statements.COMMIT_BATCH)}
    assert numbers == set(range(1, len(batch.columns) + 1))


def test_the_columns_of_a_part_are_of_one_length() -> None:
    """A row is what stands at one place of each."""
    batch = batch_of([start("a", command("a", 1)), step("b", 2, change=completed())], [Confirmed("c:1", 1)] * 3)
    assert [{len(column) for column in part} for part in batch] == [{2}, {1}, {1}, {1}, {3}]


def test_text_is_not_built_from_values() -> None:
    """Statements are constants: whatever an id holds, it travels as a parameter."""
    assert "book_trip" not in "".join(value for value in vars(statements).values() if isinstance(value, str))
