"""Runs in a process of its own, for it loads Helm's Go library: a JSON request on stdin, a JSON answer on stdout."""

import json
import sys
from typing import Any

import helm_python  # pyright: ignore[reportMissingImports]
import kubernetes_validate  # pyright: ignore[reportMissingImports]
import yaml


def answer(chart: str, values: dict[str, Any], kubernetes: str) -> dict[str, Any]:
    try:
        with helm_python.Chart.load(chart) as loaded:
            rendered = loaded.render(values, name="shop", namespace="prod")
    except helm_python.HelmError as error:
        return {"error": str(error)}
    findings = helm_python.lint(chart, values, strict=True)["messages"]
    notes = [text for path, text in rendered.items() if path.endswith("NOTES.txt")]
    files = [text for path, text in rendered.items() if path.endswith(".yaml")]
    manifests = [manifest for text in files for manifest in yaml.safe_load_all(text) if manifest]
    faults: list[str] = []
    for manifest in manifests:
        try:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{manifest['kind']}: {error.message}")
    return {"findings": findings, "manifests": manifests, "notes": notes[0], "faults": faults}


if __name__ == "__main__":
    print(json.dumps(answer(**json.load(sys.stdin))))
