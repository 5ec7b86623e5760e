"""What came for a saga's code and does not fit the type that the code has for it."""

from contracts.command import Command
from contracts.values import UnreadableValue


class Unreadable(Exception):
    """The saga is parked until it can be read, or cancelled. ``remedy`` says what to do."""

    remedy = ""


class UnreadableResult(Unreadable):
    """A participant answered with a result that does not fit its contract. Whose fault it is: the participant's."""

    remedy = "Deploy a contract that can read it and the saga goes on, or cancel it to undo what it did."

    def __init__(self, command: "Command[..., object]", step: int, error: UnreadableValue) -> None:
        super().__init__(
            f"{command.participant} answered {command.type} (step {step}) with a result that does not fit the "
            f"contract: {error}. What it did stands."
        )


class UnreadableSignal(Unreadable):
    """A signal that was taken in before the code had this type for it."""

    remedy = "Deploy code that can read it and the saga goes on, or cancel it to undo what it did."

    def __init__(self, name: str, id: str, error: UnreadableValue) -> None:
        super().__init__(f"The signal {name} with the id {id} does not fit the type that the code has for it: {error}.")


class UnreadableUpdate(Unreadable):
    """An update that was accepted by other code than this."""

    remedy = "Deploy code that takes it and the saga goes on, or cancel it to undo what it did."

    def __init__(self, name: str, id: str, error: UnreadableValue | None = None) -> None:
        why = (
            "has no handler in the code any more" if error is None else f"does not fit the code's type for it: {error}"
        )
        super().__init__(f"The update {name} with the id {id} {why}.")
