"""Style, as tests: what a reader can rely on in every file."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath

import pytest

from tests.architecture.rules import MAX_FILE_LINES, MAX_FUNCTION_LINES, RULES, Rule, Source

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "contracts", "coordinator", "docs", "migrations", "participants", "tests")


@cache
def sources() -> list[Source]:
    """Every Python file of the project."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return [Source.of(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in paths]


def broken(rule: Rule, texts: Iterator[Source] | list[Source]) -> list[str]:
    return [f"{source.path}:{fault}" for source in texts for fault in rule(source)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps(rule: Rule) -> None:
    """Every file keeps the rule."""
    faults = broken(rule, sources())
    assert not faults, f"{rule.__doc__}\n" + "\n".join(faults)


def test_all_rooms_were_read() -> None:
    """The rules saw files of every room: none passes because nothing was looked at."""
    assert {source.path.parts[0] for source in sources()} >= {"contracts", "coordinator", "participants", "tests"}


LONG_FUNCTION = '"""A."""\ndef f():\n' + "    1\n" * MAX_FUNCTION_LINES
BROKEN = [
    ("contracts/long.py", '"""A."""\n' + "1\n" * MAX_FILE_LINES, "files_are_short"),
    ("contracts/long.py", LONG_FUNCTION, "functions_are_short"),
    ("contracts/utils.py", '"""A."""\n', "files_have_names"),
    ("coordinator/helpers/ids.py", '"""A."""\n', "files_have_names"),
    ("contracts/ids.py", "x = 1\n", "modules_say_what_they_are"),
    ("contracts/ids.py", '"""A."""\nclass Id: ...\n', "public_classes_say_what_they_are"),
    ("tests/test_a.py", '"""A."""\ndef test_it(): assert 1\n', "tests_state_their_claim"),
    ("tests/test_a.py", '"""A."""\nclass TestIt:\n    async def test_it(self): assert 1\n', "tests_state_their_claim"),
    ("coordinator/a.py", '"""A."""\nclass WorkflowRun:\n    """B."""\n', "words_are_ours"),
    ("coordinator/a.py", '"""A."""\ndef run_task(): ...\n', "words_are_ours"),
    ("coordinator/a.py", '"""A."""\ndef run(job): ...\n', "words_are_ours"),
    ("coordinator/a.py", '"""A."""\nself.activities = self.activity_list = 1\n', "words_are_ours"),
    ("tests/a.py", '"""A."""\ntime.sleep(0)\n', "tests_wait_for_facts"),
    ("tests/a.py", '"""A."""\nasync def f(): await asyncio.sleep(0.1)\n', "tests_wait_for_facts"),
    ("contracts/a.py", '"""A."""\nx = 1  # type: ' + "ignore\n", "suppressions_are_narrow"),
    ("contracts/a.py", '"""A."""\nx = 1  # pyright: ' + "ignore\n", "suppressions_are_narrow"),
    ("contracts/a.py", '"""A."""\nx = 1  # no' + "qa\n", "suppressions_are_narrow"),
    ("tests/a.py", '"""A."""\npytest.skip()\n', "skips_have_reasons"),
    ("tests/a.py", '"""A."""\n@pytest.mark.skip\ndef f(): ...\n', "skips_have_reasons"),
    ("tests/a.py", '"""A."""\n@pytest.mark.skipif(True)\ndef f(): ...\n', "skips_have_reasons"),
    ("coordinator/a.py", '"""A."""\ndef f():\n    from coordinator.api import x\n', "imports_stand_at_the_top"),
    ("coordinator/a.py", '"""A."""\ndef f():\n    import contracts.ids\n', "imports_stand_at_the_top"),
]


@pytest.mark.parametrize(("path", "text", "rule"), BROKEN, ids=[f"{rule}-{n}" for n, (*_, rule) in enumerate(BROKEN)])
def test_a_breach_is_noticed(path: str, text: str, rule: str) -> None:
    """A file that breaks a rule is found by that rule, and by no other."""
    source = Source.of(PurePath(path), text)
    assert [each.__name__ for each in RULES if broken(each, [source])] == [rule]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tests/a.py", '"""A."""\nasync def f(): await asyncio.sleep(0)\n'),
        ("tests/a.py", '"""A."""\n@saga(version=1)\nasync def f(): await asyncio.sleep(60)\n'),
        ("tests/a.py", '"""A."""\nasync def f():\n    while not done(): await asyncio.sleep(0.05)\n'),
        ("tests/a.py", '"""A."""\nasync def slow_service(): await asyncio.sleep(1)\n'),
        ("tests/a.py", '"""A."""\nasync def f():\n    match x:\n        case ["slow", s]: await asyncio.sleep(s)\n'),
        ("coordinator/a.py", '"""A."""\nasync def rollback(self): ...\n'),
        ("coordinator/a.py", '"""A."""\ntask = asyncio.current_task()\n'),
        ("contracts/a.py", '"""A."""\nx = 1  # type: ' + "ignore[attr-defined]\n"),
        ("tests/a.py", '"""A."""\npytest.skip("no Kafka here")\n'),
        ("contracts/__init__.py", ""),
        ("coordinator/a.py", '"""A."""\ndef f():\n    # Loaded late: B.\n    import contracts.ids\n'),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    """The rules leave alone what they do not mean."""
    source = Source.of(PurePath(path), text)
    assert [fault for rule in RULES for fault in broken(rule, [source])] == []


def test_every_rule_was_seen_to_fail() -> None:
    """Each rule has a breach above that it finds."""
    assert {rule for *_, rule in BROKEN} == {rule.__name__ for rule in RULES}
