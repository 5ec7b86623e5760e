"""The two files that tell Kafka what to be: a broker and its own controller, for this machine only."""

from collections.abc import Mapping
from pathlib import Path

from coordinator.embedded.ports import LOOPBACK


def server_properties(data: Path, broker: int, controller: int, doors: Mapping[int, int] | None = None) -> str:
    """`server.properties` for these data on these ports. `doors`: further ports for clients, each with the port that
    those who come in by it are told to come to."""
    further = {f"DOOR{number}": ports for number, ports in enumerate((doors or {}).items())}
    listens = "".join(f",{name}://{LOOPBACK}:{port}" for name, (port, _) in further.items())
    told = "".join(f",{name}://{LOOPBACK}:{port}" for name, (_, port) in further.items())
    plain = "".join(f",{name}:PLAINTEXT" for name in further)
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "listeners": f"BROKER://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}{listens}",
        "advertised.listeners": f"BROKER://{LOOPBACK}:{broker}{told}",
        "listener.security.protocol.map": f"BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT{plain}",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data.as_posix(),
        "auto.create.topics.enable": "false",
        # One broker: nothing can be replicated.
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # One machine: fewer of everything.
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.num.partitions": 2,
        "share.coordinator.state.topic.num.partitions": 1,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        "log.index.size.max.bytes": 2_097_152,
        "metadata.max.idle.interval.ms": 5000,
        # A group starts with the members it has instead of waiting 3 s for more.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        # After a kill the broker may come back only when the session of its former self has ended.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


LOGGING_PROPERTIES = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601}{UTC} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.started.name=kafka.server.KafkaRaftServer
logger.started.level=info
logger.groups.name=org.apache.kafka.coordinator.group
logger.groups.level=info
"""
"""To standard output, which is the server's log; in detail only starts, stops and who joins or leaves a group."""
