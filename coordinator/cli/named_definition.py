"""A definition as the command line names it: by its name in the catalogue, or as module:attribute."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from coordinator.cli.exits import Exit
from coordinator.cli.setup import import_from_here, settings, setup_errors
from coordinator.cli.talk import fail
from coordinator.guard import guard_sagas
from coordinator.saga import SagaDefinition
from coordinator.saga.catalogues import load_definitions


def named_definition(name: str, version: int | None) -> SagaDefinition:
    """The definition; the latest version, if none is named. Ends the command when there is none."""
    import_from_here()
    guard_sagas()
    module, colon, attribute = name.partition(":")
    if colon:
        found = getattr(_module(module, name), attribute, None)
        if found is None:
            fail(f"There is no saga {name}: module {module!r} has no attribute {attribute!r}.", Exit.NOT_FOUND)
        if not isinstance(found, SagaDefinition):
            fail(f"{name} is no saga: declare it with @saga.", Exit.USAGE)
        if version not in (None, found.version):
            fail(f"{name} is version {found.version}, not {version}.", Exit.NOT_FOUND)
        return found
    with setup_errors():
        definitions = load_definitions(settings().catalogue)
    found = definitions.latest(name) if version is None else definitions.get(name, version)
    if found is None:
        known = ", ".join(definitions.names()) or "none"
        fail(
            f"There is no definition {name!r}{'' if version is None else f' version {version}'}: there is {known}.",
            Exit.NOT_FOUND,
        )
    return found


def _module(module: str, name: str) -> ModuleType:
    if not all(part.isidentifier() for part in module.split(".")):
        fail(f"{name} is not module:attribute, such as sagas.trips:book_trip; modules are named with dots.", Exit.USAGE)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            fail(f"There is no saga {name}: {error}.", Exit.NOT_FOUND)
        _cannot_import(module, error)
    except Exception as error:
        _cannot_import(module, error)


def _cannot_import(module: str, error: Exception) -> NoReturn:
    """Says what the module raised, and where in it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    file = module.rpartition(".")[2]
    own = [frame for frame in frames if Path(frame.filename).stem in (file, "__init__")]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    fail(f"The module {module} cannot be imported: {type(error).__name__}: {error}{where}", Exit.ERROR)
