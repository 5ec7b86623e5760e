"""Pages that show code: each block is a part of the file that is named above it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def text_of(page: str) -> str:
    """The page's text; ``page`` is its path from the project's root."""
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(text: str) -> list[tuple[str, str]]:
    """The blocks of Python that name their file: its path, and the code."""
    return re.findall(r"<!-- (\S+\.py) -->\n```python\n(.*?)```", text, re.DOTALL)
