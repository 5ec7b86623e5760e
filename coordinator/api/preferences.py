"""What a client asks for in headers."""

import re

from coordinator.errors import INVALID_KEY, InputError, ProblemError

IDEMPOTENCY_KEY = "Idempotency-Key"
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:[,;]|$)", re.IGNORECASE)


def preferred_wait_s(prefer: str | None, limit_s: float) -> float | None:
    """Seconds of ``Prefer: wait=N`` (RFC 7240), at most ``limit_s``. A preference that cannot be read is ignored."""
    found = _WAIT.search(prefer) if prefer else None
    return min(float(found[1]), limit_s) if found else None


def chosen_key(body_key: str | None, header: str | None) -> str | None:
    """The saga's key, from the body or from ``Idempotency-Key``. Raises ProblemError when they differ."""
    given = header_key(header)
    if body_key is not None and given is not None and body_key != given:
        raise ProblemError(
            INVALID_KEY,
            f"The body's key and the {IDEMPOTENCY_KEY} header differ: give one of them, or the same.",
            errors=(InputError("Differs from the header.", pointer="/key"),),
        )
    return body_key if body_key is not None else given


def header_key(header: str | None) -> str | None:
    """The key in ``Idempotency-Key``, if there is one."""
    return None if header is None else _unquoted(header)


def _unquoted(header: str) -> str:
    """The header is a quoted string by its draft standard; most clients send it bare."""
    text = header.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return text
