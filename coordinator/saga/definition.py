"""A saga as it is deployed: a durable function with a name, a version and the contracts it calls."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from contracts.command import Command
from contracts.contract import Contract
from contracts.kinds import Kind
from contracts.values import UnreadableValue, read_as, write_value
from coordinator.saga.key_template import key_from
from coordinator.saga.parameters import AnsweredType, ValueType

SagaFunction = Callable[..., Coroutine[Any, Any, Any]]
Input = TypeVar("Input", default=Any)
Result = TypeVar("Result", default=Any)


@dataclass(frozen=True, slots=True, eq=False)
class SagaDefinition(Generic[Input, Result]):
    """Made by ``@saga``; run by the engine only."""

    name: str
    version: int
    function: SagaFunction
    key_template: str | None
    """``"{trip.trip_id}"``: the saga's key out of its input. None: whoever starts it gives the key."""
    deadline_ms: int | None
    """The whole saga must have ended by then, or it goes back."""
    input_name: str | None
    """The parameter that takes the input; None for a saga that takes none."""
    input_type: Any
    result_type: Any
    contracts: Mapping[str, type[Contract]]
    """By parameter name."""
    signals: Mapping[str, ValueType]
    """By name, which is the parameter's."""
    updates: Mapping[str, AnsweredType]
    queries: Mapping[str, AnsweredType]
    commands: Mapping[str, Command[..., Any]]
    """All commands of its contracts by type (``flights.reserve``)."""
    doc: str
    decoder: "msgspec.json.Decoder[Any]"
    called: dict[Kind | None, Command[..., Any]] = field(default_factory=dict[Kind | None, Command[..., Any]])
    """What it is to sagas that call it, once they have (see ``children``)."""
    children: dict[str, Command[..., Any]] = field(default_factory=dict[str, Command[..., Any]])
    """Sagas that its code has called so far, in this process: as commands, by type."""

    def read_input(self, data: bytes | msgspec.Raw) -> Any:
        """The input as the function takes it. Raises UnreadableValue that says what does not fit, and where."""
        return read_as(data, self.decoder)

    def write_result(self, result: Any) -> msgspec.Raw:
        """The function's result as JSON. Raises UnreadableValue, OversizedValue."""
        return write_value(result)

    def command(self, type: str) -> Command[..., Any] | None:
        """The command with this type: of its contracts, or a saga that its code has called."""
        return self.commands.get(type) or self.children.get(type)

    def key_of(self, value: Any) -> str:
        """The key of the saga with this input. Raises UnreadableValue when it has none."""
        if self.key_template is None or self.input_name is None:
            raise UnreadableValue(f"The saga {self.name} takes its key from whoever starts it: give a key.")
        return key_from(self.key_template, self.name, self.input_name, value)

    def __repr__(self) -> str:
        return f"<saga {self.name} v{self.version}>"
