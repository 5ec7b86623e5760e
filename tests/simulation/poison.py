"""Records that nobody can read, or that belong to nothing (M5, M6)."""

from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec

from contracts.answers import Success
from contracts.reply_message import ReplyMessage
from contracts.request_message import CancelSaga, RequestMessage, SignalSaga, StartSaga, UpdateSaga
from tests.simulation.nodes import TOPICS

_VALUES = (b"", b"{", b"\xff\xfe", b"\x00", b"NaN", b"[" * 5_000, b'"\\ud800"', b"1" * 4_000, None)

_FORGED = "forged"


def is_forged(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether it can be read, and belongs to nothing. Such a reply is not always set aside: one that was part of a
    commit whose outcome was unknown may have been taken in then, for all its coordinator knows."""
    return ("ce_id", _FORGED.encode()) in headers


def poison(random: Random, topic: str) -> tuple[int, bytes | None, bytes | None, Any]:
    """Time, key, value and headers of one for that topic."""
    value = random.choice(_VALUES)
    if topic not in (TOPICS.replies, TOPICS.requests) or random.random() < 0.4:
        headers: list[tuple[str, bytes]] = []
        if random.random() < 0.5:
            headers = [("ce_id", b"\xff"), ("ce_type", b"nonsense"), ("ce_attempt", b"-7"), ("ce_id", b"twice")]
        return 0, b"errand:1", value, headers
    if topic == TOPICS.requests:
        unfit = StartSaga("errand", msgspec.Raw(b'"no program"'), "1")
        asked = UpdateSaga("favour", msgspec.Raw(b'{"program":[]}'))
        request = random.choice((CancelSaga(), SignalSaga("note", msgspec.Raw(b"1")), asked, unfit))
        forged = RequestMessage(_FORGED, "/somebody", request, "nobody:1")
        return 0, b"nobody:1", forged.value, forged.headers()
    saga_id, command_id = random.choice(
        (("nobody:1", "nobody:1:1"), ("errand:1", "errand:1:999"), ("errand:1", "errand:1"), ("errand:1", "errand:2:1"))
    )
    message = ReplyMessage(_FORGED, saga_id, command_id, 1, Success(msgspec.Raw(b"1")), "/somebody", 0)
    return 0, saga_id.encode(), message.value, message.headers()
