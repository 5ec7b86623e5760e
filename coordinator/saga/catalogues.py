"""The sagas of the modules that a deployment names."""

import importlib

from coordinator.config import SetupError
from coordinator.saga.definitions import Definitions


def load_definitions(catalogue: str) -> Definitions:
    """The sagas of the modules named. Raises SetupError for a module that cannot be used."""
    found: list[Definitions] = []
    for name in filter(None, (part.strip() for part in catalogue.split(","))):
        try:
            definitions = importlib.import_module(name).DEFINITIONS
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise SetupError(f"AMENDS_CATALOGUE names {name}, which cannot be used: {error}.") from error
        if not isinstance(definitions, Definitions):
            raise SetupError(f"{name}.DEFINITIONS is no coordinator.saga.Definitions: make it one of your sagas.")
        found.append(definitions)
    try:
        return Definitions(definition for definitions in found for definition in definitions)
    except ValueError as error:
        raise SetupError(f"AMENDS_CATALOGUE: {error}") from error
