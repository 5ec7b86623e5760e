"""What came from Kafka is a call, or it is set aside with a reason."""

import msgspec
import pytest

from contracts.headers import Headers
from participants.sdk.arrivals import Arrivals, Call, SetAside
from tests.unit.participants.shop import REPLIES, forward, participant_of_shop, undo

arrivals = Arrivals(participant_of_shop(), REPLIES)


def test_a_command_and_its_undo_have_one_key() -> None:
    """The barrier's."""
    there, back = (arrivals.read(m.headers(), m.value) for m in (forward(3), undo(3)))
    assert isinstance(there, Call)
    assert isinstance(back, Call)
    assert there.forward_id == back.forward_id == "order:7:3"
    assert (there.handler.result, back.handler.result) == (None, "parcel")


def changed(**headers: bytes) -> Headers:
    return list({**dict(forward(1).headers()), **headers}.items())


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([], "ce_"),
        (changed(ce_id=b""), "ce_id is missing"),
        (changed(ce_id=b"order:7:1:undo"), "but ce_id is"),
        (changed(ce_direction=b"undo"), "but ce_id is"),
        (changed(ce_direction=b"sideways"), "ce_direction"),
        (changed(ce_attempt=b"0"), "ce_attempt"),
        (changed(ce_id=b"order:\x00:1"), "no command's id"),
        (changed(ce_id=b"order:%b:1" % (b"x" * 2_000)), "no command's id"),
        (changed(ce_subject=b"x" * 2_000), "no command's id"),
        (changed(ce_replyto=b"somebody.elses"), "answers to 'amends.replies'"),
    ],
)
def test_a_record_with_broken_headers_is_set_aside(headers: Headers, reason: str) -> None:
    """There is nobody to answer."""
    found = arrivals.read(headers, forward(1).value)
    assert isinstance(found, SetAside)
    assert reason in found.reason
    assert found.answer is None


@pytest.mark.parametrize("value", [None, b"", b"{", b"NaN", b'"\\u0000"', b"\xff", b"[" * 100_000, b"1" * 600_000])
def test_a_broken_value_is_set_aside_and_answered(value: bytes | None) -> None:
    """The headers say whom; trying again will not help."""
    found = arrivals.read(forward(1).headers(), value)
    assert isinstance(found, SetAside)
    assert found.answer is not None
    assert (found.answer.problem.type, found.answer.problem.retryable) == ("unreadable_arguments", False)


def test_an_undo_of_what_has_none_is_unknown() -> None:
    """As an unknown command is."""
    message = msgspec.structs.replace(undo(1), type="shop.look")
    found = arrivals.read(message.headers(), message.value)
    assert isinstance(found, SetAside)
    assert found.reason == "There is no undo of 'shop.look' in this contract."
