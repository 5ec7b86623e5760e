"""The chart, linted and rendered by Helm, and held against Kubernetes' own schemas."""

from typing import Any

import pytest

from coordinator.config import Settings, refuse_unknown_names
from tests.helm.conftest import KUBERNETES, Refused, Render

pytestmark = pytest.mark.timeout(600)
"""The first test fetches Helm's packages, 100 MB."""

EVERYTHING: dict[str, Any] = {
    "imagePullSecrets": [{"name": "registry"}],
    "lifecycle": "ends",
    "settings": {"AMENDS_HTTP_BODY_BYTES": 104857600, "AMENDS_DATABASE_TIMEOUT_S": 2.5, "AMENDS_LOG_FORMAT": "console"},
    "telemetry": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
    "envFrom": [{"secretRef": {"name": "more"}}],
    "terminationGracePeriodSeconds": 60,
    "service": {"type": "NodePort", "port": 80, "annotations": {"a": "b"}},
    "serviceAccount": {"name": "amends-runner", "annotations": {"a": "b"}},
    "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "shop"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "priorityClassName": "high",
}


def environment(pod: Any) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in pod["containers"][0]["env"]}


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_lints_without_a_warning(render: Render, values: dict[str, Any]) -> None:
    """`helm lint --strict` finds nothing but the icon that it would like."""
    assert [finding["error"] for finding in render(values).findings] == ["icon is recommended"]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_manifests_are_what_kubernetes_takes(render: Render, kubernetes: str, values: dict[str, Any]) -> None:
    """Every manifest is valid under Kubernetes' strict schemas: no field is misspelt or misplaced."""
    assert render(values, kubernetes=kubernetes).faults == []


def test_defaults_make_these_objects(render: Render) -> None:
    """Without options there are a Deployment, its Service and service account, and the migration."""
    kinds = sorted(manifest["kind"] for manifest in render().manifests)
    assert kinds == ["Deployment", "Job", "Service", "ServiceAccount"]


def test_a_disruption_budget_can_be_had(render: Render) -> None:
    """A PodDisruptionBudget comes when it is asked for, and covers the coordinator's pods."""
    chart = render(EVERYTHING)
    selector = chart.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    assert selector.items() <= chart.one("Deployment")["spec"]["template"]["metadata"]["labels"].items()


def test_the_service_finds_the_coordinators_only(render: Render) -> None:
    """The Service's selector fits the coordinator's pods and not the migration's."""
    chart = render()
    selector = chart.one("Service")["spec"]["selector"].items()
    assert selector <= chart.one("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert not selector <= chart.one("Job")["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kafka": {"bootstrap": "kafka:9092"}}, "Set database.existingSecret"),
        ({"database": {"existingSecret": "database"}}, "Set kafka.bootstrap"),
    ],
)
def test_what_is_required_is_asked_for(render: Render, values: dict[str, Any], reason: str) -> None:
    """Without a required value Helm stops with a sentence that names it."""
    with pytest.raises(Refused, match=reason):
        render(values, bare=True)


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 3},
        {"replicaCount": "three"},
        {"settings": {"BATCH_SAGAS": 1}},
        {"settings": {"AMENDS_FAILPOINTS": "reply_queued:kill"}},
        {"settings": {"AMENDS_LIFECYCLE": "all"}},
        {"lifecycle": False},
        {"lifecycle": "some"},
        {"settings": {"AMENDS_DATABASE_URL": "postgresql://user:secret@db/amends"}},
        {"telemetry": {"ENDPOINT": "http://collector:4318"}},
        {"terminationGracePeriodSeconds": 5},
        {"service": {"nodePort": 30080}},
    ],
    ids=str,
)
def test_an_unfit_value_is_refused(render: Render, values: dict[str, Any]) -> None:
    """A misspelt, mistyped or misplaced value is an error, not a silence."""
    with pytest.raises(Refused, match="schema"):
        render(values)


def test_pods_run_without_privileges(render: Render) -> None:
    """No root, no capabilities, no writable root file system, no token for the API."""
    for pod in render().pods():
        container = pod["containers"][0]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_service_links_are_off(render: Render) -> None:
    """Kubernetes must not add AMENDS_PORT and the like: the coordinator refuses settings it does not know."""
    assert [pod["enableServiceLinks"] for pod in render().pods()] == [False, False]


def test_the_coordinator_is_probed(render: Render) -> None:
    """Liveness and readiness ask the coordinator's own addresses on its port."""
    container = render().one("Deployment")["spec"]["template"]["spec"]["containers"][0]
    paths = {
        probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert container["ports"] == [{"name": "http", "containerPort": 7780}]


def test_the_database_address_stays_in_its_secret(render: Render) -> None:
    """The address reaches every pod by reference only."""
    for pod in render().pods():
        reference = {"secretKeyRef": {"name": "database", "key": "url"}}
        assert environment(pod)["AMENDS_DATABASE_URL"] == reference


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_every_variable_is_a_setting(render: Render, values: dict[str, Any]) -> None:
    """Each AMENDS_ variable that the chart sets is a setting that the coordinator knows."""
    for pod in render(values).pods():
        refuse_unknown_names(environment(pod))


def test_settings_can_be_read(render: Render) -> None:
    """Values arrive as the text that the coordinator reads: no 1.048576e+08."""
    variables = environment(render(EVERYTHING).one("Deployment")["spec"]["template"]["spec"])
    given = {name.removeprefix("AMENDS_").lower(): text for name, text in variables.items() if isinstance(text, str)}
    settings = Settings.model_validate({name: text for name, text in given.items() if name in Settings.model_fields})
    assert (settings.http_body_bytes, settings.database_timeout_s) == (104857600, 2.5)
    assert settings.lifecycle == "ends"
    assert (settings.http_host, settings.http_port, settings.log_format) == ("0.0.0.0", 7780, "console")


def test_the_coordinator_ends_before_it_is_killed(render: Render) -> None:
    """Shutdown takes less than the grace period."""
    pod = render(EVERYTHING).one("Deployment")["spec"]["template"]["spec"]
    assert float(environment(pod)["AMENDS_STOP_S"]) < pod["terminationGracePeriodSeconds"] == 60


def test_the_migration_runs_first(render: Render) -> None:
    """The Job is a hook before install and upgrade, and does not need what the chart creates later."""
    migration = render().one("Job")
    pod = migration["spec"]["template"]["spec"]
    assert migration["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert pod["containers"][0]["command"] == ["amends", "db", "upgrade"]
    assert pod["serviceAccountName"] == "default"


def test_the_migration_can_be_switched_off(render: Render) -> None:
    """Whoever migrates otherwise gets no Job, and is told what to run."""
    chart = render({"migration": {"enabled": False}})
    assert "Job" not in [manifest["kind"] for manifest in chart.manifests]
    assert "amends db upgrade" in chart.notes
