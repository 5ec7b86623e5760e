"""A saga's key out of its input: ``"{trip.trip_id}"``."""

import re
from string import Formatter
from typing import Any

from contracts.values import UnreadableValue


def check_template(template: str, saga: str, input_name: str | None, input_type: Any) -> None:
    """Raises TypeError for a template that could not give each input a key."""
    if input_name is None:
        raise TypeError(f"The saga {saga} takes no input: leave out key={template!r}, whoever starts it gives the key.")
    try:
        fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise TypeError(f"The saga {saga}: key={template!r} is not a template: {error}.") from error
    if not fields:
        raise TypeError(
            f"The saga {saga}: key={template!r} is the same key for every saga; write '{{{input_name}.…}}'."
        )
    for field in fields:
        name, attribute = re.match(r"(\w*)(?:\.(\w+))?", field, re.ASCII).groups()  # pyright: ignore[reportOptionalMemberAccess]
        if name != input_name:
            raise TypeError(f"The saga {saga}: key={template!r} is made from its input: write '{{{input_name}.…}}'.")
        if attribute is not None and hasattr(input_type, "__struct_fields__") and not hasattr(input_type, attribute):
            raise TypeError(f"The saga {saga}: key={template!r}, but {input_type.__name__} has no field {attribute}.")


def key_from(template: str, saga: str, input_name: str, value: Any) -> str:
    """The key of this input. Raises UnreadableValue when it has none."""
    try:
        return template.format(**{input_name: value})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableValue(f"The input has no key for the saga {saga} ({template}): {error!r}.") from error
