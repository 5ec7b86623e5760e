"""Rules of style that a formatter does not know. Each yields ``line: what is wrong`` for one file."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

VAGUE_FILES = frozenset(
    {"common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "tools", "util", "utils"}
)
"""Names of files that collect whatever has no name yet."""

OTHER_WORDS = frozenset(
    {"activity", "helper", "job", "journal", "manager", "orchestrator", "rollback", "task", "util", "utils", "workflow"}
)
"""Words that mean something else in other systems; docs/glossary.md has ours."""
ASYNCIO_WORDS = frozenset({"task"})
"""Variables may hold asyncio's own; nothing of ours is called so."""
DEMANDED_NAMES = frozenset({"create_task", "rollback"})
"""Methods that asyncio's loops and SQLAlchemy's connections have to have."""

ROOMS = frozenset({"contracts", "coordinator", "participants"})


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: PurePath
    """From the project's root."""
    text: str
    tree: ast.Module
    nodes: Sequence[ast.AST]

    @classmethod
    def of(cls, path: PurePath, text: str) -> "Source":
        """The file with that text."""
        tree = ast.parse(text)
        return cls(path, text, tree, list(ast.walk(tree)))

    @property
    def is_test(self) -> bool:
        """Whether it belongs to the tests."""
        return self.path.parts[0] == "tests"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions, methods and inner ones included."""
        return (node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


Rule = Callable[[Source], Iterator[str]]


def files_are_short(source: Source) -> Iterator[str]:
    """One idea per file."""
    count = source.text.count("\n")
    if count > MAX_FILE_LINES:
        yield f"{count}: the file has more than {MAX_FILE_LINES} lines: it holds more than one idea"


def functions_are_short(source: Source) -> Iterator[str]:
    """One thing per function. A migration is a list of statements and may be as long as it is."""
    if "versions" in source.path.parts:
        return
    for node in source.functions():
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{node.lineno}: {node.name} has {length} lines, more than {MAX_FUNCTION_LINES}"


def files_have_names(source: Source) -> Iterator[str]:
    """A file is named for what is in it."""
    for part in (*source.path.parent.parts, source.path.stem):
        if part in VAGUE_FILES:
            yield f"1: {part!r} says nothing: name it for what is in it"


def modules_say_what_they_are(source: Source) -> Iterator[str]:
    """A module begins with what it is for."""
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield "1: the module has no docstring"


def public_classes_say_what_they_are(source: Source) -> Iterator[str]:
    """A class that others use says what it means."""
    if source.is_test:
        return
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{node.lineno}: {node.name} has no docstring"


def tests_state_their_claim(source: Source) -> Iterator[str]:
    """A test says in a sentence what is true."""
    if not source.path.name.startswith("test_"):
        return
    for node in source.functions():
        if node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{node.lineno}: {node.name} has no docstring that states its claim"


def words_are_ours(source: Source) -> Iterator[str]:
    """Nothing of ours is called by a word that means something else elsewhere."""
    for node in source.nodes:
        for name, is_variable in _defined(node):
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
            wrong = words & (OTHER_WORDS - ASYNCIO_WORDS if is_variable else OTHER_WORDS)
            if wrong and name not in DEMANDED_NAMES:
                yield f"{getattr(node, 'lineno', 1)}: {name!r} uses the word {', '.join(sorted(wrong))}"


def _defined(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Names that the node gives to something, and whether that is a variable."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, False
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name, True
        case ast.alias(asname=str(name)):
            yield name, True
        case _:
            pass


def tests_wait_for_facts(source: Source) -> Iterator[str]:
    """A test waits for something to be so, never for time to pass.

    ``asyncio.sleep(0)`` lets others run. A loop that looks again and again may pause in between, a saga's sleep takes
    no time in a test, and a function that is meant to be slow says so in its ``match`` or its name.
    """
    if not source.is_test:
        return
    paused = {id(call) for node in source.nodes if isinstance(node, ast.While) for call in ast.walk(node)}
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")):
                yield f"{node.lineno}: time.sleep: wait for a fact instead"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr="sleep"), args=[duration]):
                harmless = ast.unparse(duration) == "0" or id(node) in paused
                if not harmless and not _is_saga(source, node) and not _is_slow(source, node):
                    yield f"{node.lineno}: asyncio.sleep: wait for a fact instead"
            case _:
                pass


def _is_saga(source: Source, call: ast.Call) -> bool:
    """Whether the call is part of a saga's code."""
    takes_contracts = {"Shop", "Flights", "Hotels", "Payments", "Means", "Town"}
    for node in _around(source, call):
        declared = any("saga" in ast.unparse(each) for each in node.decorator_list)
        taken = {ast.unparse(each.annotation) for each in node.args.args if each.annotation is not None}
        if declared or taken & takes_contracts:
            return True
    return False


def _is_slow(source: Source, call: ast.Call) -> bool:
    """Whether the call is what makes a slow service slow."""
    cases = [node for node in source.nodes if isinstance(node, ast.match_case) and call in list(ast.walk(node))]
    return any("'slow'" in ast.unparse(each.pattern) for each in cases) or any(
        node.name.startswith("slow") for node in _around(source, call)
    )


def _around(source: Source, call: ast.Call) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in source.functions() if node.lineno <= call.lineno <= (node.end_lineno or 0))


def suppressions_are_narrow(source: Source) -> Iterator[str]:
    """Whoever silences a checker says which of its findings is meant."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"#\s*type:\s*ignore(?!\[)", line) or re.search(r"#\s*pyright:\s*ignore(?!\[)", line):
            yield f"{number}: an ignore without a code"
        if re.search(r"#\s*noqa(?!:)", line):
            yield f"{number}: a noqa without a code"


def skips_have_reasons(source: Source) -> Iterator[str]:
    """A test that does not run says why."""
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="skip" | "skipif" | "xfail" as name) as func, keywords=keywords):
                if not _of_pytest(func):
                    continue
                reasons = [keyword for keyword in keywords if keyword.arg == "reason"]
                plain = node.args if name == "skip" else []
                if not reasons and not plain:
                    yield f"{node.lineno}: {name} without a reason"
            case ast.FunctionDef(decorator_list=marks) | ast.AsyncFunctionDef(decorator_list=marks):
                for mark in marks:
                    if isinstance(mark, ast.Attribute) and mark.attr in ("skip", "xfail") and _of_pytest(mark):
                        yield f"{mark.lineno}: {mark.attr} without a reason"
            case _:
                pass


def _of_pytest(name: ast.Attribute) -> bool:
    return ast.unparse(name).startswith("pytest.")


def imports_stand_at_the_top(source: Source) -> Iterator[str]:
    """A room imports another at the top: inside a function, an import hides a cycle, unless a comment says why."""
    if source.is_test:
        return
    lines = source.text.splitlines()
    for function in source.functions():
        for node in ast.walk(function):
            match node:
                case ast.ImportFrom(module=str(module)):
                    modules = [module]
                case ast.Import(names=names):
                    modules = [each.name for each in names]
                case _:
                    continue
            explained = lines[node.lineno - 2].lstrip().startswith("#")
            if not explained and any(module.partition(".")[0] in ROOMS for module in modules):
                yield f"{node.lineno}: {function.name} imports {', '.join(modules)}: do it at the top, or say why not"


RULES: tuple[Rule, ...] = (
    files_are_short,
    functions_are_short,
    files_have_names,
    modules_say_what_they_are,
    public_classes_say_what_they_are,
    tests_state_their_claim,
    words_are_ours,
    tests_wait_for_facts,
    suppressions_are_narrow,
    skips_have_reasons,
    imports_stand_at_the_top,
)
