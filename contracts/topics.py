"""Names of the Kafka topics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one deployment; the prefix keeps deployments on one cluster apart."""

    prefix: str = "amends"

    @property
    def replies(self) -> str:
        """From participants to the coordinator."""
        return f"{self.prefix}.replies"

    @property
    def requests(self) -> str:
        """From any service to the coordinator."""
        return f"{self.prefix}.requests"

    @property
    def lifecycle(self) -> str:
        """From the coordinator to anyone."""
        return f"{self.prefix}.lifecycle"

    @property
    def dead_letters(self) -> str:
        """What could not be read or belongs to nothing, with the reason."""
        return f"{self.prefix}.dead-letters"

    def commands(self, participant: str) -> str:
        """From the coordinator to one participant: commands and undos."""
        return f"{self.prefix}.commands.{participant}"
