"""References for what a command made: the same on every attempt."""

from hashlib import sha256

from contracts.ids import forward_id


def reference(prefix: str, command_id: str) -> str:
    """``FL-3f9a1c04be``, from the id of the command or of its undo."""
    return f"{prefix}-{sha256(forward_id(command_id).encode()).hexdigest()[:10]}"
