"""The servers from packages: they start, answer, come back with their data, and leave nothing behind."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient

from coordinator.embedded.failure import EmbeddedServerFailed, EmbeddedServersBusy
from coordinator.embedded.home import amends_home, jars_cache
from coordinator.embedded.jars import download_jars
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.ports import LOOPBACK, is_free, kept_ports
from coordinator.embedded.postgres import EmbeddedPostgres, StopMode
from coordinator.embedded.postgres_binaries import open_folder
from coordinator.embedded.process import until
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import EmbeddedServers, Servers, choose_servers, stop_leftovers
from tests.conftest import NewDatabase

START_AND_WAIT = Path(__file__).with_name("start_and_wait.py")


@pytest.fixture
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Of servers that are this test's own. Not under a folder that only root can enter, as pytest's own would be."""
    root = amends_home() / "test-embedded" / f"{os.getpid()}-{request.node.name}"
    yield root
    asyncio.run(stop_leftovers(root))
    shutil.rmtree(root)


@contextmanager
def parent_of_servers(root: Path, *options: str) -> Generator[subprocess.Popen[bytes]]:
    """A process that has started servers in this root and waits; killed at the end at the latest."""
    parent = subprocess.Popen([sys.executable, START_AND_WAIT, root, *options], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        yield parent
    finally:
        parent.kill()
        parent.wait()


def remove_all(root: Path, name: str) -> None:
    for path in root.rglob(name):
        path.unlink()


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def first_value(bootstrap: str, topic: str) -> bytes | None:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        return (await asyncio.wait_for(consumer.getone(), 20)).value


def is_alive(pid: int) -> bool:
    """Where nothing collects orphans, a dead one stays listed as a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(root: Path) -> list[int]:
    """Everything that runs with this root in its command line, and the children of that."""
    found = [process for process in psutil.process_iter() if any(str(root) in word for word in _command_line(process))]
    children = [child for process in found for child in process.children(recursive=True)]
    return [process.pid for process in (*found, *children) if process.pid != os.getpid()]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def test_a_test_has_a_database_of_its_own(database_url: str) -> None:
    """The fixture's database answers and is empty."""
    assert await query(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_a_template_is_cloned(new_database: NewDatabase) -> None:
    """A database made from a template has its tables and rows."""
    template = await new_database()
    await query(template, "CREATE TABLE kept AS SELECT 7 AS number")
    clone = await new_database(template.rpartition("/")[2])
    assert await query(clone, "SELECT number FROM kept") == 7


async def test_a_message_is_produced_and_consumed(bootstrap: str, topic_prefix: str) -> None:
    """What was sent to a topic is read from it."""
    await create_topic(bootstrap, f"{topic_prefix}.replies")
    await produce(bootstrap, f"{topic_prefix}.replies", b"hello")
    assert await first_value(bootstrap, f"{topic_prefix}.replies") == b"hello"


async def test_a_topic_is_not_made_by_asking_for_it(bootstrap: str, topic_prefix: str) -> None:
    """A mistyped topic is an error, not a new topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.describe_topics([topic_prefix])
    topics = await admin.list_topics()
    await admin.close()
    assert topic_prefix not in topics


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_a_commit_is_a_commit(database_url: str, setting: str) -> None:
    """Nothing that makes a commit durable is switched off for speed."""
    assert await query(database_url, f"SHOW {setting}") == "on"


async def test_times_are_utc(database_url: str) -> None:
    """Whatever the machine's time zone is."""
    assert await query(database_url, "SHOW timezone") == "UTC"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_keeps_databases(
    embedded_postgres: EmbeddedPostgres, database_url: str, mode: StopMode
) -> None:
    """After a restart a row is there, at the same URL."""
    await query(database_url, "CREATE TABLE kept AS SELECT 7 AS number")
    await embedded_postgres.restart(mode)
    assert await query(database_url, "SELECT number FROM kept") == 7


async def test_a_killed_postgres_recovers(embedded_postgres: EmbeddedPostgres, database_url: str) -> None:
    """What was committed before SIGKILL is there after the next start."""
    await query(database_url, "CREATE TABLE kept AS SELECT 7 AS number")
    embedded_postgres.kill()
    await embedded_postgres.start()
    assert await query(database_url, "SELECT number FROM kept") == 7


async def test_a_restart_keeps_messages(embedded_kafka: EmbeddedKafka, topic_prefix: str) -> None:
    """After a restart a message is there, at the same address."""
    bootstrap = embedded_kafka.bootstrap
    await create_topic(bootstrap, topic_prefix)
    await produce(bootstrap, topic_prefix, b"kept")
    await embedded_kafka.restart()
    assert await first_value(bootstrap, topic_prefix) == b"kept"


async def test_a_killed_kafka_recovers(embedded_kafka: EmbeddedKafka, topic_prefix: str) -> None:
    """What was acknowledged before SIGKILL is there after the next start."""
    bootstrap = embedded_kafka.bootstrap
    await create_topic(bootstrap, topic_prefix)
    await produce(bootstrap, topic_prefix, b"kept")
    embedded_kafka.kill()
    await embedded_kafka.start()
    assert await first_value(bootstrap, topic_prefix) == b"kept"


async def test_a_door_sends_back_to_its_proxy(root: Path) -> None:
    """Who comes in by a door is told the proxy's address for everything further; others are told Kafka's own."""
    file = root / "door"
    (door,) = kept_ports(file, 1)
    kafka = EmbeddedKafka(root / "kafka", doors=(door,))
    await kafka.start()
    try:
        for asked, told in ((kafka.behind[door], door), (int(kafka.bootstrap.split(":")[1]), None)):
            client = AIOKafkaClient(bootstrap_servers=f"{LOOPBACK}:{asked}")
            await client.bootstrap()
            assert [broker.port for broker in client.cluster.brokers()] == [told or asked]
            await client.close()
    finally:
        await kafka.stop()


async def test_nothing_remains_after_a_stop(root: Path) -> None:
    """No process and no listener is left, PostgreSQL's own children included."""
    async with EmbeddedServers(root) as servers:
        ports = [servers.postgres.port, int(servers.kafka.bootstrap.rpartition(":")[2])]
        pids = processes_of(root)
    assert len(pids) > 5
    assert not any(map(is_alive, pids))
    assert all(map(is_free, ports))


async def test_a_second_start_takes_no_network(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the jars in the cache, Kafka starts where nothing can be downloaded."""
    await asyncio.to_thread(download_jars, jars_cache())
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    kafka = EmbeddedKafka(root / "kafka")
    await kafka.start()
    await kafka.stop()


async def test_without_network_the_first_start_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a failed download names its reason and both ways out."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("M2_REPO", str(root / "repository"))
    with pytest.raises(EmbeddedServerFailed, match=r"proxy.*AMENDS_KAFKA_BOOTSTRAP"):
        await EmbeddedKafka(root / "kafka", jars=root / "jars").start()


async def test_a_root_has_one_owner(root: Path) -> None:
    """A second set of servers on the same root is refused, and the first goes on."""
    async with EmbeddedServers(root) as servers:
        with pytest.raises(EmbeddedServersBusy, match=f"process {os.getpid()}"):
            await EmbeddedServers(root).start()
        assert await query(servers.postgres.url("postgres"), "SELECT 1") == 1


async def test_a_fresh_start_forgets(root: Path) -> None:
    """With `fresh`, a database of the last run is gone."""
    postgres = EmbeddedPostgres(root / "postgres")
    await postgres.start()
    await postgres.create_database("old")
    await postgres.stop()
    await postgres.wipe()
    await postgres.start()
    assert await query(postgres.url("postgres"), "SELECT count(*) FROM pg_database WHERE datname = 'old'") == 0
    await postgres.stop()


async def test_a_failed_start_shows_the_log(root: Path) -> None:
    """The error ends with what PostgreSQL itself wrote about it."""
    postgres = EmbeddedPostgres(root / "postgres")
    await postgres.start()
    await postgres.stop()
    remove_all(root, "pg_control")
    with pytest.raises(EmbeddedServerFailed, match=r"pg_control.*No such file"):
        await postgres.start()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the children of a process that died")
async def test_servers_die_with_their_parent(root: Path) -> None:
    """After SIGKILL for the process that started them, nothing of them runs on."""
    with parent_of_servers(root) as parent:
        pids = [pid for pid in processes_of(root) if pid != parent.pid]
    assert await until(lambda: not any(map(is_alive, pids)), 20), "servers outlived their parent"


async def test_a_leftover_is_stopped_by_the_next_start(root: Path) -> None:
    """A server that outlived its parent makes room for the next one, which has its data."""
    # Started in a thread that is not the main one, it is not signalled when its parent dies.
    with parent_of_servers(root, "--thread"):
        leftover = int((root / "postgres" / "pid").read_text())
    assert is_alive(leftover)
    postgres = EmbeddedPostgres(root / "postgres")
    await postgres.start()
    assert not is_alive(leftover)
    await postgres.stop()


async def test_a_taken_port_is_replaced(root: Path) -> None:
    """Where another program listens on the port of the last run, a first start takes another one."""
    (kept,) = kept_ports(root / "port", 1)
    with socket.create_server((LOOPBACK, kept)):
        assert kept_ports(root / "port", 1) != (kept,)


async def test_servers_of_ones_own(servers: Servers[PostgresServer, KafkaServer], root: Path) -> None:
    """Servers that are named are used as they are: databases are made in them, and a stop leaves them running."""
    named = choose_servers(root, database_url=servers.postgres.url("postgres"), kafka_bootstrap=servers.kafka.bootstrap)
    async with named:
        await named.postgres.create_database("own")
        assert await query(named.postgres.url("own"), "SELECT 1") == 1
        await named.postgres.drop_database("own")
    assert await query(servers.postgres.url("postgres"), "SELECT 1") == 1


@pytest.mark.parametrize(
    ("database", "bootstrap", "variable"),
    [
        ("postgresql://postgres@127.0.0.1:1/amends", None, "AMENDS_DATABASE_URL"),
        (None, "127.0.0.1:1", "AMENDS_KAFKA_BOOTSTRAP"),
    ],
)
async def test_a_server_of_ones_own_that_is_away(
    root: Path, database: str | None, bootstrap: str | None, variable: str
) -> None:
    """The error names the variable and says that unsetting it brings an embedded server."""
    with pytest.raises(EmbeddedServerFailed, match=f"unset {variable}"):
        await choose_servers(root, database_url=database, kafka_bootstrap=bootstrap).start()
    assert processes_of(root) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as somebody else")
async def test_a_home_that_is_closed_to_others(root: Path) -> None:
    """As root, a home under a folder that only root can enter works and stays closed."""
    closed = root / "closed"
    closed.mkdir(mode=0o700, parents=True)
    postgres = EmbeddedPostgres(closed / "postgres")
    await postgres.start()
    try:
        assert await query(postgres.url("postgres"), "SELECT 1") == 1
        assert closed.stat().st_mode & 0o077 == 0
    finally:
        await postgres.stop()
        shutil.rmtree(open_folder(closed / "postgres"))
