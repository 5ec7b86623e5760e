"""What a saga's code shows of itself in lists, and by what it is found there."""

from contracts.attributes import AttributeValue
from coordinator.saga.runtime import running_saga


def status(text: str | None) -> None:
    """Sets the line that lists show beside the saga's status, such as ``"waiting for approval"``; None: none any more.

    For people: it is cut off after 200 characters, and is gone once the saga goes back. Kept in the history when it
    changes. It may be changed, added and taken out under sagas that are under way. Raises OutsideOfSaga.
    """
    runtime = running_saga("status() can only be set while a saga runs, and by the saga itself.")
    runtime.show_status("" if text is None else text)


def attributes(**values: AttributeValue | None) -> None:
    """Sets attributes by which the saga is found in lists: ``attributes(customer="C-7", amount=120)``.

    Those not named stay as they are; None takes one away. A value is text of at most 200 printable characters, a number
    or a truth value, and there are at most 32. Kept in the history when one changes; the saga keeps them when it has
    ended. They may be changed, added and taken out under sagas that are under way. Raises OutsideOfSaga, and
    UnfitAttribute, a ValueError, with a sentence.
    """
    runtime = running_saga("attributes() can only be set while a saga runs, and by the saga itself.")
    runtime.show_attributes(values)
