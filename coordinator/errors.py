"""Every error a caller can be given, once: its stable code, its HTTP status, and who is at fault."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.failures import Problem


class Fault(StrEnum):
    """Who has to change something."""

    CALLER = "caller"
    """Whoever sent the request."""
    AUTHOR = "author"
    """Whoever wrote the saga's definition."""
    PARTICIPANT = "participant"
    """The service that answers a command."""
    COORDINATOR = "coordinator"
    """Amends itself, or the servers it stands on."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of RFC 9457 problem. Codes and types are part of the interface: they never change their meaning."""

    code: str
    """Machine-readable: ``unknown_definition``."""
    status: int
    """The HTTP status."""
    title: str
    """The same words for every problem of the kind."""
    fault: Fault
    remedy: str
    """What to do about it, in general; a problem's own ``detail`` is about the case at hand."""

    @property
    def type(self) -> str:
        """The problem's ``type``: a path on the coordinator, where the kind is explained."""
        return f"/problems/{self.code.replace('_', '-')}"


_CALLER = Fault.CALLER
_COORDINATOR = Fault.COORDINATOR

BROKEN_JSON = ProblemKind(
    "broken_json", 400, "The body is not JSON.", _CALLER, "Send one JSON object, encoded as UTF-8."
)
NOT_FOUND = ProblemKind(
    "not_found", 404, "There is nothing at this address.", _CALLER, "See /docs for the addresses there are."
)
UNKNOWN_SAGA = ProblemKind(
    "unknown_saga",
    404,
    "No such saga.",
    _CALLER,
    "List the sagas there are with GET /v1/sagas; an id is case-sensitive.",
)
UNKNOWN_COMMAND = ProblemKind(
    "unknown_command",
    404,
    "That is no command's id.",
    _CALLER,
    "Give the ce_id of the command as it came: '<definition>:<key>:<step>', of an undo with ':undo'.",
)
UNKNOWN_DEFINITION = ProblemKind(
    "unknown_definition",
    404,
    "No such saga definition.",
    _CALLER,
    "List the definitions this coordinator has with GET /v1/definitions, or deploy the one you mean.",
)
UNKNOWN_SIGNAL = ProblemKind(
    "unknown_signal",
    404,
    "The saga takes no such signal.",
    _CALLER,
    "GET /v1/definitions/{name} lists the signals that a saga takes: the parameters of its function that are signals.",
)
UNKNOWN_UPDATE = ProblemKind(
    "unknown_update",
    404,
    "The saga takes no such update, or has not had it.",
    _CALLER,
    "GET /v1/definitions/{name} lists the updates that a saga takes: the parameters of its function that are updates.",
)
UNKNOWN_QUERY = ProblemKind(
    "unknown_query",
    404,
    "The saga answers no such query.",
    _CALLER,
    "GET /v1/definitions/{name} lists the queries that a saga answers: parameters of its function.",
)
WRONG_METHOD = ProblemKind(
    "wrong_method", 405, "This address does not take this method.", _CALLER, "Use a method of the Allow header."
)
BODY_TIMEOUT = ProblemKind(
    "body_timeout", 408, "The body took too long to arrive.", _CALLER, "Send the request again, in one go."
)
INPUT_CONFLICT = ProblemKind(
    "input_conflict",
    409,
    "A saga with this key exists with another input.",
    _CALLER,
    "Use another key for another saga; to get the existing one, send the input it was started with.",
)
SAGA_CONFLICT = ProblemKind(
    "saga_conflict",
    409,
    "The saga cannot do this where it stands.",
    _CALLER,
    "Look at the saga's status; 'detail' says what it cannot do there.",
)
UPDATE_REFUSED = ProblemKind(
    "update_refused",
    409,
    "The saga says no to the update.",
    _CALLER,
    "'refusal' has the saga's own reason. Whoever asks again under another id is heard again.",
)
BODY_TOO_LARGE = ProblemKind(
    "body_too_large",
    413,
    "The body is too large.",
    _CALLER,
    "Pass a reference to where the data is kept instead of the data.",
)
VALUE_TOO_LARGE = ProblemKind(
    "value_too_large",
    413,
    "The input is larger than a message may be.",
    _CALLER,
    "Pass a reference to where the data is kept instead of the data.",
)
BATCH_TOO_LARGE = ProblemKind(
    "batch_too_large",
    413,
    "The batch has too many starts.",
    _CALLER,
    "Send it in several batches. A start that is sent twice takes effect once.",
)
WRONG_CONTENT_TYPE = ProblemKind(
    "wrong_content_type",
    415,
    "The body must be JSON.",
    _CALLER,
    "Send Content-Type: application/json, uncompressed and in UTF-8.",
)
INVALID_REQUEST = ProblemKind(
    "invalid_request",
    422,
    "The request does not have the form it must have.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where.",
)
INVALID_INPUT = ProblemKind(
    "invalid_input",
    422,
    "The input does not fit the saga's definition.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where; GET /v1/definitions/{name} has the schema.",
)
INVALID_SIGNAL = ProblemKind(
    "invalid_signal",
    422,
    "The value does not fit the signal.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where; GET /v1/definitions/{name} has the schema.",
)
INVALID_UPDATE = ProblemKind(
    "invalid_update",
    422,
    "The value does not fit the update.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where; GET /v1/definitions/{name} has the schema.",
)
INVALID_QUERY = ProblemKind(
    "invalid_query",
    422,
    "The value does not fit the query.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where; GET /v1/definitions/{name} has the schema.",
)
INVALID_RESULT = ProblemKind(
    "invalid_result",
    422,
    "The result does not fit the command's contract.",
    _CALLER,
    "Each entry of 'errors' says what does not fit, and where; the contract says what the command returns.",
)
INVALID_KEY = ProblemKind(
    "invalid_key",
    422,
    "The key cannot be used.",
    _CALLER,
    "Give one key of at most 200 printable characters, without spaces and without any of / ? # % \\.",
)
OVERLOADED = ProblemKind(
    "overloaded",
    429,
    "The coordinator has more to do than it can hold.",
    _COORDINATOR,
    "Send the same request again after the seconds of the Retry-After header.",
)
INTERNAL = ProblemKind(
    "internal",
    500,
    "The coordinator made a mistake.",
    _COORDINATOR,
    "The coordinator's log has the details. A start, cancel or resume can safely be sent again.",
)
UNREADABLE_HISTORY = ProblemKind(
    "unreadable_history",
    500,
    "This release cannot read the saga's history.",
    _COORDINATOR,
    "Deploy the release that wrote it, or a newer one: 'detail' says which event it is. Nothing is lost.",
)
STORE_UNAVAILABLE = ProblemKind(
    "store_unavailable",
    503,
    "The database does not answer.",
    _COORDINATOR,
    "Send the same request again after the seconds of the Retry-After header; nothing was written.",
)
OUTCOME_UNKNOWN = ProblemKind(
    "outcome_unknown",
    503,
    "The database went away while it was writing.",
    _COORDINATOR,
    "Send the same request again: if it was written, the same saga is returned.",
)
NOT_READY = ProblemKind(
    "not_ready", 503, "The coordinator is not ready.", _COORDINATOR, "Wait; 'detail' says what is missing."
)

PROBLEM_KINDS = (
    BROKEN_JSON,
    NOT_FOUND,
    UNKNOWN_SAGA,
    UNKNOWN_COMMAND,
    UNKNOWN_DEFINITION,
    UNKNOWN_SIGNAL,
    UNKNOWN_UPDATE,
    UNKNOWN_QUERY,
    WRONG_METHOD,
    BODY_TIMEOUT,
    INPUT_CONFLICT,
    SAGA_CONFLICT,
    UPDATE_REFUSED,
    BODY_TOO_LARGE,
    VALUE_TOO_LARGE,
    BATCH_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    INVALID_REQUEST,
    INVALID_INPUT,
    INVALID_SIGNAL,
    INVALID_UPDATE,
    INVALID_QUERY,
    INVALID_RESULT,
    INVALID_KEY,
    OVERLOADED,
    INTERNAL,
    UNREADABLE_HISTORY,
    STORE_UNAVAILABLE,
    OUTCOME_UNKNOWN,
    NOT_READY,
)


@dataclass(frozen=True, slots=True)
class InputError:
    """One thing in a request that does not fit."""

    detail: str
    pointer: str | None = None
    """JSON Pointer into the body."""
    parameter: str | None = None
    """Name of a query parameter or header."""


class ProblemError(Exception):
    """A request that is refused; ``detail`` is a sentence that says what to do."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        errors: tuple[InputError, ...] = (),
        retry_after_s: int | None = None,
        refusal: Problem | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.refusal = refusal
        """A saga's own no."""
