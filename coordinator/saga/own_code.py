"""What a saga's function names in its own code, looked at before it ever runs.

Only that: what it calls, what its updates and queries are answered with, and names that are bound later are seen by
the guard while a saga runs, by exploring, or on a replay.
"""

import builtins
import dis
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, ModuleType
from typing import Any

from coordinator.saga.not_durable import INSTEAD

_PARTS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"})
"""Code inside of a function that is run with it."""
_MISSING = object()


def check_own_code(name: str, function: Callable[..., Any]) -> None:
    """Raises TypeError, with file, line and what to use instead, for what cannot be durable."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for line, named in _named(code, getattr(function, "__globals__", {})):
        if (instead := INSTEAD.get(named)) is not None:
            raise TypeError(f"The saga {name} uses {named} ({code.co_filename}:{line}). {instead}")


def _named(code: CodeType, names: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """What is named by a global name and attributes of modules and classes: the line, and its qualified name."""
    line, found = code.co_firstlineno, _MISSING
    for instruction in dis.get_instructions(code):
        if instruction.starts_line is not None and not isinstance(instruction.starts_line, bool):
            line = instruction.starts_line
        line = getattr(instruction, "line_number", line) or line  # Python 3.13 and later
        match instruction.opname:
            case "LOAD_GLOBAL" | "LOAD_NAME":
                found = names.get(instruction.argval, getattr(builtins, instruction.argval, _MISSING))
            case "LOAD_ATTR" | "LOAD_METHOD" if isinstance(found, ModuleType | type):
                found = getattr(found, instruction.argval, _MISSING)
            case _:
                found = _MISSING
        if found is not _MISSING and not isinstance(found, ModuleType):
            yield line, qualified_name(found)
    for part in code.co_consts:
        if isinstance(part, CodeType) and part.co_name in _PARTS:
            yield from _named(part, names)


def qualified_name(found: object) -> str:
    """Where it comes from: ``datetime.datetime.now``, ``random.choice``, ``io.open``."""
    found = getattr(found, "__wrapped__", found)  # the guard's
    owner = getattr(found, "__self__", None)
    module = str(getattr(found, "__module__", "")).removeprefix("_")
    module = "os" if module in ("posix", "nt") else module
    own = getattr(found, "__name__", "")
    match owner:
        case type():
            return f"{owner.__module__}.{owner.__qualname__}.{own}"
        case ModuleType() | None:
            return f"{module}.{getattr(found, '__qualname__', own)}"
        case _:
            return f"{type(owner).__module__}.{own}"
