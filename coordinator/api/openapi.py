"""The committed copy of the OpenAPI document: ``python -m coordinator.api.openapi`` writes it."""

import json
from pathlib import Path

import contracts
from coordinator.api.app import build_app
from coordinator.api.document import openapi_document

COMMITTED = Path(contracts.__file__).parent / "generated" / "openapi.json"


def document_text() -> str:
    """The document as it is committed."""
    return json.dumps(openapi_document(build_app(None)), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COMMITTED.write_text(document_text(), encoding="utf-8")
