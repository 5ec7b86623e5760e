"""Writes ``contracts/generated``: run ``python -m contracts.generate`` after a contract changed.

``openapi.json`` there is the HTTP interface's, and written by it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from contracts.asyncapi import asyncapi_document
from contracts.schemas import participant_bundle
from contracts.travel import Flights, Hotels, Payments

CONTRACTS = (Flights, Hotels, Payments)
DIRECTORY = Path(__file__).parent / "generated"


def generated() -> Mapping[str, str]:
    """Text by file name."""
    documents = {f"{contract.participant}.schema.json": participant_bundle(contract) for contract in CONTRACTS}
    documents["asyncapi.json"] = asyncapi_document(CONTRACTS)
    return {name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in documents.items()}


def main() -> None:
    """Writes the files, and removes those that no contract stands behind any more."""
    files = generated()
    DIRECTORY.mkdir(exist_ok=True)
    for stale in DIRECTORY.glob("*.schema.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
