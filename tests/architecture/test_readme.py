"""The README shows code that runs: each block is a part of the file that is named above it."""

from pathlib import Path

import pytest

from tests.pages import code_blocks

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = code_blocks(README)


@pytest.mark.parametrize(("path", "code"), BLOCKS, ids=[path for path, _ in BLOCKS])
def test_block_stands_in_its_file(path: str, code: str) -> None:
    """The block is in the file, letter by letter."""
    assert code in (ROOT / path).read_text()


def test_every_block_names_its_file() -> None:
    """No Python in the README that nothing checks."""
    assert len(BLOCKS) == README.count("```python")
