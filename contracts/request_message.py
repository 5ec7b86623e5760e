"""A request as it travels: from any service to the coordinator, to start, signal, update or cancel a saga."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar, assert_never

import msgspec

from contracts.headers import (
    CONTENT_TYPE,
    SPECVERSION,
    Found,
    Headers,
    Required,
    UnreadableMessage,
    optional,
    read_headers,
    trace_headers,
)
from contracts.ids import check_name, check_request_id, check_saga_id, saga_id
from contracts.instants import to_rfc3339
from contracts.values import OversizedValue, UnreadableValue, read_as, read_value

T = TypeVar("T")
_PREFIX = "amends.request."


class SignalSaga(msgspec.Struct, frozen=True):
    """Sends a value to the code of a running saga. The same ``ce_id`` again is the same signal."""

    name: str
    """The signal's name: that of the saga's parameter."""
    value: msgspec.Raw
    """What the saga's code gets."""


class UpdateSaga(msgspec.Struct, frozen=True):
    """Asks the code of a running saga for something. The same ``ce_id`` again is the same update.

    The answer is in the saga's history and at its HTTP address; a refusal goes to the dead letters.
    """

    name: str
    """The update's name: that of the saga's parameter."""
    value: msgspec.Raw
    """What the saga's code gets."""


class StartSaga(msgspec.Struct, frozen=True, omit_defaults=True):
    """Asks for a saga. The same definition, key and input again is the same saga."""

    definition: str
    """Name of the saga's definition; the saga runs on its latest version."""
    input: msgspec.Raw
    """The saga's input."""
    key: str | None = None
    """Makes the saga's id; left out, the definition derives it from the input."""
    signal: SignalSaga | None = None
    """Sent in the same breath, whether the saga begins or is there already."""
    update: UpdateSaga | None = None
    """The same with an update, instead of a signal; where the saga refuses it, none begins."""
    attributes: dict[str, bool | int | float | str] | None = None
    """By which lists find the saga: text, numbers and truth values by name. They count where it begins."""


class CancelSaga(msgspec.Struct, frozen=True, omit_defaults=True):
    """Asks for a saga to be undone."""

    reason: str = ""
    """For people; kept in the history."""


Request = StartSaga | SignalSaga | UpdateSaga | CancelSaga


class RequestRecord(NamedTuple):
    """What a producer is given."""

    key: bytes | None
    headers: Headers
    value: bytes


class RequestMessage(msgspec.Struct, frozen=True):
    """One record of ``amends.requests``. Its key is the saga's id, where the sender knows it."""

    request_id: str
    """``ce_id``: unique for every request of whatever sender, the same when it is sent again."""
    source: str
    """``ce_source``: who asks."""
    request: Request
    """``ce_type`` is ``amends.request.<start|signal|update|cancel>``; the value carries the rest."""
    saga_id: str = ""
    """``ce_subject`` and the record's key. Of a start the key only, if it is known."""
    time_ms: int | None = None
    """``ce_time``: when it was asked."""
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> Headers:
        """CloudEvents binary-mode headers."""
        headers: Headers = [
            SPECVERSION,
            ("ce_id", self.request_id.encode()),
            ("ce_type", f"{_PREFIX}{request_name(self.request)}".encode()),
            ("ce_source", self.source.encode()),
        ]
        if not isinstance(self.request, StartSaga):
            headers.append(("ce_subject", self.saga_id.encode()))
        if self.time_ms is not None:
            headers.append(("ce_time", to_rfc3339(self.time_ms).encode()))
        return [*headers, CONTENT_TYPE, *trace_headers(self.traceparent, self.tracestate)]

    @property
    def key(self) -> bytes | None:
        """The record's key; None: not known. Raises ValueError when it is none that a saga can have."""
        if self.saga_id:
            return check_saga_id(self.saga_id).encode()
        match self.request:
            case StartSaga(definition, key=str(key)):
                return saga_id(definition, key).encode()
            case _:
                return None

    @property
    def value(self) -> bytes:
        """The record's value."""
        return _encoder.encode(self.request)

    def record(self) -> RequestRecord:
        """What to send, with any producer. Raises ValueError, with a sentence, for what could not be read again."""
        record = RequestRecord(self.key, self.headers(), self.value)
        self.read(record.headers, record.value)
        return record

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> "RequestMessage":
        """The message of a record. Raises UnreadableMessage. ``time_ms`` is not read: the coordinator has its own."""
        found = read_headers(headers)
        request_id, kind, source = _required.read(found)
        try:
            request = _read(kind, value)
            return cls(
                request_id=check_request_id(request_id),
                source=source,
                request=request,
                saga_id="" if isinstance(request, StartSaga) else _subject(found),
                traceparent=optional(found, "traceparent"),
                tracestate=optional(found, "tracestate"),
            )
        except UnreadableMessage:
            raise
        except ValueError as error:
            raise UnreadableMessage(f"{error}") from error


_required = Required("ce_id", "ce_type", "ce_source")
_encoder = msgspec.json.Encoder()
_start = msgspec.json.Decoder(StartSaga)
_signal = msgspec.json.Decoder(SignalSaga)
_update = msgspec.json.Decoder(UpdateSaga)
_cancel = msgspec.json.Decoder(CancelSaga)


def request_name(request: Request) -> str:
    """The request's word on the wire."""
    match request:
        case StartSaga():
            return "start"
        case SignalSaga():
            return "signal"
        case UpdateSaga():
            return "update"
        case CancelSaga():
            return "cancel"
        case _:
            assert_never(request)


def _read(kind: str, value: bytes | None) -> Request:
    match kind.removeprefix(_PREFIX) if kind.startswith(_PREFIX) else "":
        case "start" as name:
            return _checked(_read_as(_start, name, value))
        case "signal" as name:
            signal = _read_as(_signal, name, value)
            check_name(signal.name, "The signal")
            return signal
        case "update" as name:
            update = _read_as(_update, name, value)
            check_name(update.name, "The update")
            return update
        case "cancel" as name:
            return _read_as(_cancel, name, value)
        case _:
            raise UnreadableMessage(
                f"The header ce_type is {kind[:40]!r}: expected '{_PREFIX}' and one of start, signal, update, cancel."
            )


def _checked(start: StartSaga) -> StartSaga:
    if start.signal is not None:
        check_name(start.signal.name, "The signal")
    if start.update is not None:
        check_name(start.update.name, "The update")
        if start.signal is not None:
            raise UnreadableMessage("A start brings a signal or an update: send the other by itself.")
    return start


def _read_as(decoder: "msgspec.json.Decoder[T]", name: str, value: bytes | None) -> T:
    if not value:
        raise UnreadableMessage(f"There is no value: that of a {name} is a JSON object.")
    try:
        return read_as(read_value(value), decoder)
    except OversizedValue as error:
        raise UnreadableMessage(str(error)) from error
    except UnreadableValue as error:
        raise UnreadableMessage(f"The value is no {name}: {str(error).rstrip('.')}.") from error


def _subject(found: Found) -> str:
    subject = optional(found, "ce_subject")
    if subject is None:
        raise UnreadableMessage("The header ce_subject is missing: it says which saga is meant.")
    return check_saga_id(subject)
