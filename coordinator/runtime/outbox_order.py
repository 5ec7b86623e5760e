"""The order in which rows read back from the outbox go out: as they were decided, as far as their ids tell."""

from collections.abc import Sequence

from contracts.ids import is_notice_id, notice_number, parse_command_id
from coordinator.runtime.ports import OutboxRow


def in_order(rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """By saga; within it commands by step, then undos from the last step back, then notices. The alphabet has step 10
    before 2."""
    return sorted(rows, key=_order)


def whole_sagas(page: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
    """A page without the saga at its end, of which there may be more on the next page."""
    last = page[-1].saga_id
    end = len(page)
    while end and page[end - 1].saga_id == last:
        end -= 1
    return page[:end] if end else page


def _order(row: OutboxRow) -> tuple[str, int, int]:
    if is_notice_id(row.command_id):
        return row.saga_id, 2, notice_number(row.command_id)
    ref = parse_command_id(row.command_id)
    return row.saga_id, int(ref.undo), -ref.step if ref.undo else ref.step
