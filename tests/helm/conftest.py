"""Helm itself (its Go library in a wheel) and Kubernetes' schemas, from packages, kept under .amends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "amends"
PACKAGES = ("helm-python-sdk==0.2.2", "kubernetes-validate==1.37.0", "importlib-resources==7.1.0")
KUBERNETES = ("1.25", "1.37")
"""Oldest and newest version that the chart is held against."""
GIVEN: Mapping[str, Any] = {"database": {"existingSecret": "database"}, "kafka": {"bootstrap": "kafka:9092"}}
"""The values that the chart requires."""


@dataclass(frozen=True)
class Rendered:
    """What Helm makes of the chart."""

    manifests: list[Any]
    findings: list[Any]
    faults: list[str]
    notes: str

    def one(self, kind: str) -> Any:
        """The only manifest of that kind."""
        found = [manifest for manifest in self.manifests if manifest["kind"] == kind]
        assert len(found) == 1, f"{len(found)} manifests of kind {kind}"
        return found[0]

    def pods(self) -> list[Any]:
        """The specs of all pods."""
        return [m["spec"]["template"]["spec"] for m in self.manifests if "template" in m.get("spec", {})]


Render = Callable[..., Rendered]


class Refused(Exception):
    """Helm did not render the chart."""


@pytest.fixture(scope="session")
def helm_packages() -> Path:
    """Where the packages are installed; the first run fetches them (100 MB)."""
    target = ROOT / ".amends" / "chart-tools"
    done = target / "installed.txt"
    if not done.exists() or done.read_text() != "\n".join(PACKAGES):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", target]
        result = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, check=False)
        if result.returncode != 0 and "CI" not in os.environ:
            pytest.skip(f"Helm could not be installed from packages: {result.stderr.strip()[-300:]}")
        assert result.returncode == 0, result.stderr
        done.write_text("\n".join(PACKAGES))
    return target


@pytest.fixture(scope="session")
def render(helm_packages: Path) -> Render:
    """Renders and lints the chart with the values given besides the required ones. Raises Refused."""

    def run(
        values: Mapping[str, Any] | None = None, *, kubernetes: str = KUBERNETES[-1], bare: bool = False
    ) -> Rendered:
        request = {
            "chart": str(CHART),
            "values": {**({} if bare else GIVEN), **(values or {})},
            "kubernetes": kubernetes,
        }
        child = subprocess.run(
            [sys.executable, Path(__file__).with_name("child.py")],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(helm_packages)},
        )
        answer = json.loads(child.stdout)
        if "error" in answer:
            raise Refused(answer["error"])
        return Rendered(**answer)

    return run
