"""Events of a history as lines for people."""

import json
from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]


def event_line(event: Event, commands: dict[int, str]) -> str:
    """One event in words. ``commands`` remembers which step is which; pass the same one for a whole history."""
    kind = str(event["type"])
    step = event.get("step")
    if kind in ("step_issued", "undo_registered") and step is not None:
        commands[step] = event["command"]
    words = kind.replace("_", " ")
    if step is not None:
        words = f"step {step}  {commands.get(step, '?'):<24}{words.removeprefix('step ')}"
    if "name" in event:
        first, _, rest = words.partition(" ")
        words = f"{first} {event['name']} {rest}"
    return f"{words}{_more(event)}"


def _overridden(override: Mapping[str, Any]) -> list[str]:
    """What the call has otherwise than its command declares."""
    own = [name.removesuffix("_ms").replace("_", " ") for name in override if name != "undo"]
    parts = [f"with a {' and a '.join(own)} of its own"] if own else []
    if "undo" in override:
        parts.append(f"undone by {override['undo']}" if override["undo"] else "not undone")
    return parts


def _more(event: Event) -> str:
    parts: list[str] = []
    if "round" in event:
        parts.append(f"round {event['round']}")
    for sent in ("signal", "update"):
        if isinstance(event.get(sent), int):
            parts.append(f"number {event[sent]}")
    if event.get("attempt", 1) > 1:
        parts.append(f"attempt {event['attempt']}")
    problem = event.get("problem") or event.get("cause")
    if problem:
        parts.append(f"{problem['type']}: {problem['message']}" if problem.get("message") else str(problem["type"]))
    if event.get("sort"):
        parts.append(str(event["sort"]).replace("_", " "))
    if "text" in event:
        parts.append(str(event["text"]) or "none any more")
    for name, value in (event.get("values") or event.get("attributes") or {}).items():
        parts.append(f"{name} {'none any more' if value is None else json.dumps(value, ensure_ascii=False)}")
    parts += _overridden(event.get("override") or {})
    if event.get("act"):
        parts.append(str(event["act"]).replace("_", " "))
    if event.get("reason"):
        parts.append(str(event["reason"]))
    if event.get("message"):
        parts.append(str(event["message"]))
    if isinstance(event.get("signal"), str):
        parts.append(f"waits for the signal {event['signal']}")
    if "retry_at" in event:
        parts.append(f"next try in {max(0, event['retry_at'] - event['at']) / 1000:.1f} s")
    if "due" in event:
        parts.append(f"for {max(0, event['due'] - event['at']) / 1000:g} s")
    return f"  ({'; '.join(parts)})" if parts else ""
