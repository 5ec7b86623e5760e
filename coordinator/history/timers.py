"""Timers: ``asyncio.sleep`` and ``asyncio.timeout`` of a saga. Numbered from 1 in the order they were asked for."""

import msgspec


class TimerStarted(msgspec.Struct, frozen=True, gc=False, tag="timer_started"):
    """The saga asked to be called at ``due``."""

    timer: int
    at: int
    due: int


class TimerFired(msgspec.Struct, frozen=True, gc=False, tag="timer_fired"):
    """The time came."""

    timer: int
    at: int


class TimerCancelled(msgspec.Struct, frozen=True, gc=False, tag="timer_cancelled"):
    """The saga no longer needs it."""

    timer: int
    at: int
