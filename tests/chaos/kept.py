"""What is kept of a round to which the oracle objects."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.chaos.record import Record
from tests.chaos.town import Town
from tests.faults.evidence import Evidence


def keep_evidence(town: Town, record: Record, evidence: Evidence, number: int, objections: Sequence[str]) -> Path:
    """What was done and when, what is wrong, all that is known of the sagas it is about, and everybody's log."""
    folder = town.root / "evidence" / f"{record.seed}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "timeline.txt").write_text("\n".join(record.timeline))
    (folder / "objections.txt").write_text("\n".join(objections))
    named = {saga_id for saga_id in evidence.sagas if any(_names(each, saga_id) for each in objections)}
    for saga_id in sorted(named):
        known = {
            "row": evidence.sagas[saga_id],
            "history": evidence.histories.get(saga_id, ()),
            "effects": [effect for effect in evidence.effects if _names(effect.command_id, saga_id)],
            "outbox": [command for command in evidence.outbox if _names(command, saga_id)],
            "held": {name: held.get(saga_id) for name, held in evidence.held.items()},
        }
        file = folder / f"{saga_id.replace(':', '-')}.json"
        file.write_bytes(msgspec.json.format(msgspec.json.encode(known, enc_hook=repr), indent=1))
    for log in [*town.members[0].part.log.parent.glob("*.log"), *town.root.glob("*/server.log")]:
        shutil.copy(log, folder / f"{log.parent.name}-{log.name}")
    return folder


def _names(text: str, saga_id: str) -> bool:
    """Whether the text is about this saga or a command of it, and not about one whose name begins with its name."""
    return any(f"{word}:".startswith(f"{saga_id}:") for word in (each.strip(",.;'()[]") for each in text.split()))
