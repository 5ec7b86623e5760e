"""Class paths of Java programs: downloaded once, then read from a list, so that a later start needs no network."""

import fcntl
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from coordinator.embedded.failure import EmbeddedServerFailed

KAFKA_VERSION = "4.1.1"
DOWNLOAD = f"downloading Kafka {KAFKA_VERSION} (46 jars, 44 MB, once) …"


@dataclass(frozen=True, slots=True)
class JavaProgram:
    """A program on Maven Central, with everything it needs."""

    name: str
    version: str
    endpoint: str
    """As `jgo` understands it: coordinates joined by `+`, then `@` and the class to run."""
    otherwise: str = ""
    """What a person can do besides when it cannot be downloaded, as the rest of a sentence."""


KAFKA = JavaProgram(
    "Kafka",
    KAFKA_VERSION,
    # The second binds Kafka's logger to log4j; the `!` keeps its own wishes for versions from replacing Kafka's.
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!@kafka.Kafka",
    ", or set AMENDS_KAFKA_BOOTSTRAP to a Kafka of your own",
)
_FETCH = str(Path(__file__).with_name("fetch_jars.py"))
_FETCHED_WITHIN = 900.0


def kept_jars(cache: Path, program: JavaProgram = KAFKA) -> list[Path] | None:
    """The jars of the program's class path if all of them are in the cache, as long as they were."""
    try:
        listed: dict[str, int] = json.loads(_list(cache, program).read_text())
        whole = all((cache / name).stat().st_size == size for name, size in listed.items())
    except (OSError, ValueError):
        return None
    return [cache / name for name in listed] if whole else None


def download_jars(cache: Path, program: JavaProgram = KAFKA) -> list[Path]:
    """Downloads them, unless another process has done so meanwhile. Raises EmbeddedServerFailed when it cannot."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Two first starts at once would write the same files.
        fcntl.flock(lock, fcntl.LOCK_EX)
        jars = kept_jars(cache, program)
        if jars is None:
            jars = _fetch(cache, program)
            listed = {str(jar.relative_to(cache)): jar.stat().st_size for jar in jars}
            _list(cache, program).write_text(json.dumps(listed, indent=1) + "\n")
    return jars


def _list(cache: Path, program: JavaProgram) -> Path:
    return cache / f"{program.name.lower()}-{program.version}.json"


def _fetch(cache: Path, program: JavaProgram) -> list[Path]:
    # -P: the names of the modules beside the script are not to stand in for those of packages.
    command = [sys.executable, "-P", _FETCH, program.endpoint, str(cache)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FETCHED_WITHIN, check=True
        )
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise _not_downloaded(program, reason) from error
    except subprocess.TimeoutExpired as error:
        raise _not_downloaded(program, f"not done within {_FETCHED_WITHIN / 60:.0f} minutes") from error
    return [Path(jar) for jar in json.loads(done.stdout.splitlines()[-1])]


def _not_downloaded(program: JavaProgram, reason: str) -> EmbeddedServerFailed:
    return EmbeddedServerFailed(
        f"{program.name} {program.version} could not be downloaded from Maven Central ({reason}). "
        f"Look at the network and its proxy settings (HTTPS_PROXY is heeded) and start again{program.otherwise}."
    )
