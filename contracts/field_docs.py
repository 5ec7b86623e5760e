"""Reads the docstrings under a struct's fields, so that a schema says what the code says."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise


def field_docs(declared: type) -> Mapping[str, str]:
    """Docstring by field name, as JSON names it; empty where the source is not at hand."""
    try:
        source = textwrap.dedent(inspect.getsource(declared))
    except (OSError, TypeError):
        return {}
    body = next((node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef)), [])
    docs: dict[str, str] = {}
    for field, text in pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                docs[name] = inspect.cleandoc(doc)
            case _:
                pass
    return docs
