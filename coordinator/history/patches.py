"""Changes of a definition's code that need no new version."""

import msgspec


class PatchTaken(msgspec.Struct, frozen=True, gc=False, tag="patch_taken"):
    """The code asked whether it goes the patch's way, and from then on it does."""

    name: str
    at: int
