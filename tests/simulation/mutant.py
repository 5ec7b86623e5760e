"""What a planted bug is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` stands exactly once in ``module`` and becomes ``new``."""

    name: str
    module: str
    old: str
    new: str
