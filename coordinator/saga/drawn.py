"""What a saga draws: new to everybody, and the same on every replay.

It follows from the saga's id and from how often the code has drawn, so nothing has to be kept, and whoever knows the id
can know it: it is no secret.
"""

from hashlib import blake2b
from uuid import UUID

from coordinator.saga.runtime import running_saga


def new_uuid() -> UUID:
    """A UUID that nobody else has (version 8, RFC 9562). Not a secret. Raises OutsideOfSaga where no saga runs."""
    drawn = bytearray(_drawn("new_uuid() is drawn by a saga: elsewhere use uuid.uuid4().", 16))
    drawn[6] = drawn[6] & 0x0F | 0x80
    drawn[8] = drawn[8] & 0x3F | 0x80
    return UUID(bytes=bytes(drawn))


def random_float() -> float:
    """A number, at least 0 and below 1, evenly spread. Not a secret. Raises OutsideOfSaga where no saga runs."""
    drawn = _drawn("random_float() is drawn by a saga: elsewhere use random.random().", 8)
    return (int.from_bytes(drawn) >> 11) / 2**53


def _drawn(sentence: str, size: int) -> bytes:
    return blake2b(running_saga(sentence).draw().encode(), digest_size=size).digest()
