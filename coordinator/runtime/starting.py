"""From what somebody asks for, over HTTP or Kafka, to the fact that starts a saga."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.attributes import Attributes, UnfitAttribute, checked_attributes
from contracts.ids import saga_id
from contracts.values import OversizedValue, UnreadableValue, read_value
from coordinator.engine.facts import Start
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions
from coordinator.saga.nearest import instead

BeginTrace = Callable[[str, str, str | None], str | None]
"""Saga id, definition and the traceparent of whoever asks → the traceparent to keep (``telemetry.Tracing.begin``)."""


class Unstartable(ValueError):
    """What was asked for starts no saga; the sentence says why."""


class UnknownDefinition(Unstartable):
    """The definition is not deployed here, or not in that version."""

    def __init__(self, message: str, *, version: bool) -> None:
        super().__init__(message)
        self.version = version
        """Only the version is unknown."""


class OversizedInput(Unstartable):
    """The input is larger than a message may be."""


class UnfitInput(Unstartable):
    """The input does not fit the definition, or cannot be kept."""

    def __init__(self, definition: str, misfit: str) -> None:
        super().__init__(f"The input does not fit {definition}: {misfit.rstrip('.')}.")
        self.definition = definition
        self.misfit = misfit
        """As a decoder says it, with the place."""


class UnusableKey(Unstartable):
    """There is no key, or none that a saga can have."""

    def __init__(self, message: str, *, derived: bool) -> None:
        super().__init__(message)
        self.derived = derived
        """The definition took it from the input."""


class UnfitAttributes(Unstartable):
    """The attributes are none that a saga can have."""

    def __init__(self, error: UnfitAttribute) -> None:
        super().__init__(str(error))
        self.name = error.name
        """Of the one that does not fit; empty: there are too many."""


@dataclass(frozen=True, slots=True)
class Starting:
    """The same for all doors."""

    definitions: Definitions
    begin_trace: BeginTrace

    def fact(
        self,
        name: str,
        given: msgspec.Raw,
        key: str | None,
        version: int | None = None,
        trace: str | None = None,
        attributes: Attributes | None = None,
    ) -> tuple[str, Start]:
        """The id of the saga that is asked for, and the fact. ``given`` is the input, ``trace`` a traceparent.

        Raises Unstartable.
        """
        definition = self._definition(name, version)
        kept = _kept(definition, given)
        saga = _saga_id(definition, _value(definition, kept), key)
        kept_attributes = _kept_attributes(attributes) if attributes else None
        traceparent = self.begin_trace(saga, definition.name, trace)
        return saga, Start(definition.name, definition.version, kept, traceparent, attributes=kept_attributes)

    def _definition(self, name: str, version: int | None) -> SagaDefinition:
        latest = self.definitions.latest(name)
        if latest is None:
            known = instead(name, self.definitions.names(), "has")
            raise UnknownDefinition(f"This coordinator has no saga {name[:80]!r}: {known}", version=False)
        if version is None or version == latest.version:
            return latest
        definition = self.definitions.get(name, version)
        if definition is None:
            versions = sorted(one.version for one in self.definitions if one.name == latest.name)
            raise UnknownDefinition(
                f"{latest.name} has no version {version} here: it has {', '.join(map(str, versions))}.", version=True
            )
        return definition


def _kept(definition: SagaDefinition, given: msgspec.Raw) -> msgspec.Raw:
    """The input, if it can be kept and sent: all of it is checked, also what the definition does not look at."""
    try:
        return read_value(memoryview(given))
    except OversizedValue as error:
        raise OversizedInput(str(error)) from None
    except UnreadableValue as error:
        raise UnfitInput(definition.name, str(error)) from None


def _kept_attributes(given: Attributes) -> Attributes:
    try:
        return checked_attributes(given)
    except UnfitAttribute as error:
        raise UnfitAttributes(error) from None


def _value(definition: SagaDefinition, kept: msgspec.Raw) -> Any:
    try:
        return definition.read_input(kept)
    except UnreadableValue as error:
        raise UnfitInput(definition.name, str(error)) from None


def _saga_id(definition: SagaDefinition, value: Any, key: str | None) -> str:
    try:
        return saga_id(definition.name, definition.key_of(value) if key is None else key)
    except ValueError as error:
        derived = key is None and definition.key_template is not None
        raise UnusableKey(str(error), derived=derived) from None
