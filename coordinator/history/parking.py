"""Waiting for a person."""

from typing import Literal

import msgspec

ParkedFor = Literal["code", "undo", "forward_only", "step"]
"""What has to be mended.

``code``: the saga's code does not fit its history, or has a bug: deploy the right code. ``undo``: an undo was given up.
``forward_only``: the saga said no after its point of no return. ``step``: a step's budget is used up, and its policy is
to tell a person.
"""


class SagaParked(msgspec.Struct, frozen=True, gc=False, tag="saga_parked", omit_defaults=True):
    """It cannot go on by itself. ``message`` says why and what can be done."""

    why: ParkedFor
    message: str
    at: int
    raised: bool = False
    """The code itself stopped here: when it is mended it may ask for more than the history has. Otherwise it must ask
    for exactly that."""


class SagaResumed(msgspec.Struct, frozen=True, gc=False, tag="saga_resumed", omit_defaults=True):
    """It goes on: a person, or new code, has seen to it."""

    at: int
    reason: str = ""


class ReplyDeferred(msgspec.Struct, frozen=True, gc=False, tag="reply_deferred"):
    """An answer that came while the saga was paused, or parked for its code: kept, and taken in when it goes on."""

    command_id: str
    attempt: int
    answer: str
    """The answer's word on the wire."""
    value: msgspec.Raw
    at: int
