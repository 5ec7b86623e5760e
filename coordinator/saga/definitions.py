"""The sagas of one deployment."""

from collections.abc import Iterable, Iterator
from typing import Any

from contracts.command import Command
from contracts.kinds import Kind
from coordinator.saga.children import ANY_CHILD, CHILDREN, DETACHED, definition_command
from coordinator.saga.definition import SagaDefinition


class Definitions:
    """Every definition in every version that may still run. Raises ValueError for the same version twice."""

    def __init__(self, definitions: Iterable[SagaDefinition]) -> None:
        self._by_version: dict[tuple[str, int], SagaDefinition] = {}
        self._latest: dict[str, SagaDefinition] = {}
        self._commands: dict[str, Command[..., Any]] = {}
        for definition in definitions:
            key = definition.name, definition.version
            if key in self._by_version:
                raise ValueError(f"{definition!r} is there twice: give a changed saga a new version.")
            self._by_version[key] = definition
            latest = self._latest.get(definition.name)
            if latest is None or latest.version < definition.version:
                self._latest[definition.name] = definition
            self._commands.update(definition.commands)

    def get(self, name: str, version: int) -> SagaDefinition | None:
        """This very version, if it is deployed."""
        return self._by_version.get((name, version))

    def latest(self, name: str) -> SagaDefinition | None:
        """The version a new saga begins with."""
        return self._latest.get(name)

    def command(self, type: str) -> Command[..., Any] | None:
        """The command of any definition by its type: enough to undo a step of a saga whose code is gone."""
        return self._commands.get(type) or self._child(type)

    def _child(self, type: str) -> Command[..., Any] | None:
        """The saga that others call by this type."""
        participant, _, name = type.partition(".")
        if participant not in (CHILDREN, DETACHED):
            return None
        definition = self._latest.get(name)
        kind = None if participant == DETACHED else Kind.COMPENSATABLE
        return ANY_CHILD if definition is None else definition_command(definition, kind)

    def body(self, name: str, version: int, type: str) -> "Command[..., Any] | None":
        """The local command with this type: that of this version, or else any other's; None: there is none."""
        definition = self._by_version.get((name, version))
        own = None if definition is None else definition.commands.get(type)
        found = own if own is not None and own.local else self._commands.get(type)
        return found if found is not None and found.local else None

    @property
    def has_local(self) -> bool:
        """Whether any of them has local steps."""
        return any(command.local for command in self._commands.values())

    def names(self) -> list[str]:
        """Names, sorted."""
        return sorted(self._latest)

    def participants(self) -> list[str]:
        """Names of the participants that the sagas call, sorted. Local contracts have none."""
        return sorted({command.participant for command in self._commands.values() if not command.local})

    def __iter__(self) -> Iterator[SagaDefinition]:
        return iter(self._by_version.values())

    def __len__(self) -> int:
        return len(self._by_version)
