"""Documents: their links lead somewhere, and what is drawn from code is up to date."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from contracts.kinds import Kind
from contracts.lifecycle_message import Status as DescribedStatus
from coordinator.engine.status import Status

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "helm").rglob("*.md")])
HOUSE_WORDS = (
    "saga definition step command reply participant undo compensation pivot history event decision "
    "activation outbox barrier timer signal update query scope transaction"
)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    titles = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def lifecycle_drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_lifecycle", DOCS / "draw_lifecycle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file, and to a heading of it where it names one."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, heading = link.partition("#")
        if "://" in link:
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{link} leads nowhere"
        assert not heading or heading in anchors(file), f"{link}: {file.name} has no such heading"


def test_the_lifecycle_is_drawn_from_the_tables() -> None:
    """docs/lifecycle.md is what `python docs/draw_lifecycle.py` writes."""
    assert (DOCS / "lifecycle.md").read_text(encoding="utf-8") == lifecycle_drawing().page()


def test_every_status_is_explained() -> None:
    """The glossary has each status there is."""
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert [status for status in get_args(DescribedStatus) if f"\n| `{status}` |" not in glossary] == []


def test_the_protocol_has_the_statuses_there_are() -> None:
    """Those that the engine knows."""
    assert {str(status) for status in Status} == set(get_args(DescribedStatus))


@pytest.mark.parametrize("word", [*re.findall(r"\w+", HOUSE_WORDS), *Kind])
def test_every_word_is_explained(word: str) -> None:
    """The glossary explains each of the house's words."""
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{word}\b", " ".join(re.findall(r"^\*\*[^.\n]*", glossary, re.MULTILINE)), re.IGNORECASE)


def test_decisions_have_a_number_each() -> None:
    """Which stands in its heading too. Numbers may be given before the decisions are written."""
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert len({int(path.name[:4]) for path in decisions}) == len(decisions)
    assert [
        path.name for path in decisions if not path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]}")
    ] == []


FILES_NAMED = re.findall(
    r"^\| \d \| `([\w/]+)` \| (.*?) \|", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.M
)


@pytest.mark.parametrize(("room", "files"), FILES_NAMED)
def test_the_straight_line_names_files_that_exist(room: str, files: str) -> None:
    """The table of one step sends the reader to files that are there."""
    assert (ROOT / room).is_dir()
    assert [name for name in re.findall(r"`([\w/.]+)`", files) if not (ROOT / room / name).exists()] == []
