"""Sagas whose code is deployed anew under them, with patches in it: each goes one way all along, and says which."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from coordinator.history.events import Event
from coordinator.history.patches import PatchTaken
from coordinator.history.steps import StepIssued
from tests.child_ledger import Rounds

PATCHES = ("wash_too", "ask_twice", "wrap_it")
NEW_WAY = {name: 1_001 + number for number, name in enumerate(PATCHES)}
OLD_WAY = {name: 2_001 + number for number, name in enumerate(PATCHES)}
"""Amounts of the steps of either way, which no other step has."""
_WAYS = {amount: (name, way is NEW_WAY) for way in (NEW_WAY, OLD_WAY) for name, amount in way.items()}


def patch_faults(histories: Mapping[str, Rounds]) -> Iterator[str]:
    """A round goes the way of a patch if it has taken it, and from there on; the other way, if it has not."""
    for saga_id, rounds in histories.items():
        for events in rounds:
            taken = {event.name for event in events if isinstance(event, PatchTaken)}
            for name, new in _gone(events):
                if new and name not in taken:
                    yield f"Patches: {saga_id} went the way of {name}, and had not taken it"
                if not new and name in taken:
                    yield f"Patches: {saga_id} has taken {name}, and went the other way"


def _gone(events: Sequence[Event]) -> Iterator[tuple[str, bool]]:
    for event in events:
        if isinstance(event, StepIssued) and event.child is None:
            amount = msgspec.json.decode(bytes(event.arguments)).get("wish", {}).get("amount")
            if amount in _WAYS:
                yield _WAYS[amount]
