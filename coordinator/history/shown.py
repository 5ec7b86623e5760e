"""What the saga's code shows of itself: a line for people, and attributes to be found by."""

import msgspec

from contracts.attributes import AttributeValue


class StatusSet(msgspec.Struct, frozen=True, gc=False, tag="status_set"):
    """The line that lists show from here on; empty: none."""

    text: str
    at: int


class AttributesSet(msgspec.Struct, frozen=True, gc=False, tag="attributes_set"):
    """Attributes that are new, or have another value from here on."""

    values: dict[str, AttributeValue | None]
    """None: there is none of that name any more."""
    at: int
