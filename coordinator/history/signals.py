"""Signals: values that somebody outside sends to a running saga. Numbered from 1 in the order in which they came."""

import msgspec


class SignalReceived(msgspec.Struct, frozen=True, gc=False, tag="signal_received"):
    """A signal came. It is kept until the saga's code takes it."""

    signal: int
    name: str
    id: str
    """Its sender's: the same id again is the same signal."""
    value: msgspec.Raw
    at: int


class SignalAwaited(msgspec.Struct, frozen=True, gc=False, tag="signal_awaited"):
    """The saga's code waits for a signal of that name; there was none to be taken. Waits are numbered from 1."""

    wait: int
    name: str
    at: int


class SignalTaken(msgspec.Struct, frozen=True, gc=False, tag="signal_taken", omit_defaults=True):
    """The saga's code has the signal."""

    signal: int
    at: int
    wait: int | None = None
    """The wait that is over with it; None: the signal was there when the code asked."""


class SignalAbandoned(msgspec.Struct, frozen=True, gc=False, tag="signal_abandoned"):
    """The saga's code no longer waits; a signal that comes is kept for the next who asks."""

    wait: int
    at: int


class SignalHeeded(msgspec.Struct, frozen=True, gc=False, tag="signal_heeded"):
    """A signal came that steps, or undos, waited for whose budget was used up. They are tried again."""

    name: str
    id: str
    at: int


class SignalDeferred(msgspec.Struct, frozen=True, gc=False, tag="signal_deferred"):
    """A signal that came while the saga was paused, or parked for its code: kept, and taken in when it goes on."""

    name: str
    id: str
    value: msgspec.Raw
    at: int
