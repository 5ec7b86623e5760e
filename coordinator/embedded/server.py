"""What is asked of a server, whether it is started here or one's own."""

from typing import Protocol


class Server(Protocol):
    """A server that others talk to. Every method keeps these sentences, or raises EmbeddedServerFailed."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def version(self) -> str:
        """Known once it has started."""
        ...

    async def start(self) -> None:
        """Returns when it answers."""
        ...

    async def stop(self) -> None:
        """Returns when nothing of it is left running, where it is ours to stop."""
        ...

    def kill(self) -> None:
        """The same at once, with SIGKILL."""
        ...

    async def wipe(self) -> None:
        """Forgets its data, where they are ours; before its start."""
        ...


class PostgresServer(Server, Protocol):
    """Databases."""

    def url(self, database: str = "amends") -> str:
        """Of one database, which need not exist yet; `postgresql://…`."""
        ...

    async def create_database(self, name: str, template: str | None = None) -> None:
        """An empty database, or a copy of the template, to which nobody may be connected meanwhile."""
        ...

    async def drop_database(self, name: str) -> None:
        """Drops it, whoever is connected to it; nothing if there is none."""
        ...


class KafkaServer(Server, Protocol):
    """Topics."""

    @property
    def bootstrap(self) -> str:
        """For clients: "host:port", several parted by commas."""
        ...
