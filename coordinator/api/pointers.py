"""msgspec says where a value does not fit as ``$.nights[0]``; callers get a JSON Pointer, ``/input/nights/0``."""

import re

from coordinator.errors import InputError

_WHERE = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_FIELD = re.compile(r"(?:missing required|contains unknown) field `(?P<name>[^`]+)`")
_PART = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|(?P<rest>\[\.\.\.\])")


def pointed_error(message: str, root: str) -> InputError:
    """The error of a decoder, with a pointer that starts at ``root``."""
    where = _WHERE.search(message)
    detail = message[: where.start()] if where else message
    pointer = root + _pointer(where["path"] if where else "")
    field = _FIELD.search(detail)
    if field:
        pointer += "/" + _escaped(field["name"])
    return InputError(f"{detail.rstrip('.')}.", pointer=pointer)


def _pointer(path: str) -> str:
    """Ends at the first part that is not known: msgspec does not tell the keys of a free-form object."""
    pointer = ""
    for part in _PART.finditer(path):
        if part["rest"]:
            break
        pointer += "/" + _escaped(part["name"] or part["index"])
    return pointer


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
