"""Whether two starts ask for the same saga."""

import msgspec


def same_input(one: bytes, other: bytes) -> bool:
    """Equal as JSON: order of keys and white space do not count."""
    return one == other or msgspec.json.decode(one) == msgspec.json.decode(other)
