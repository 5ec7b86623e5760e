"""The end of a sentence about a name that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches


def instead(name: str, known: Iterable[str], has: str) -> str:
    """The one that was probably meant, or all there are: ``did you mean approval?``, ``it takes approval, order.``"""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"it {has} {', '.join(names) or 'none'}."
