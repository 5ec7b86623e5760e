"""How to connect to a database, and what is asked of its sessions."""

from collections.abc import Mapping
from dataclasses import dataclass

STEADY_PLANS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_nestloop": "off",
    "enable_sort": "off",
    "jit": "off",
}
"""Each statement is planned once on a connection: by the index, in its order, however empty its table is just then.
What is off is still done where nothing else answers (a loop for ``LATERAL``, the sorting of its few pages)."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How to connect. Times are seconds."""

    size: int
    """Connections at most."""
    statement_timeout: float
    """A statement that takes longer is ended by the server, with all that it did."""
    connect_timeout: float
    acquire_timeout: float
    """How long to wait for a connection while all are lent."""
    statement_cache_size: int
    """Statements kept prepared on each connection. 0 behind a pooler that lends a session for one transaction only
    (pgbouncer): then no setting is made for a session either, and everything runs in explicit transactions."""

    @property
    def pooled_elsewhere(self) -> bool:
        """There is a pooler in between."""
        return self.statement_cache_size == 0

    @property
    def limits(self) -> Mapping[str, str]:
        """The server's own time limits, in ms. A coordinator that is stopped in the middle of a transaction holds up
        the others for half of the time that they would wait."""
        return {
            "statement_timeout": str(int(self.statement_timeout * 1000)),
            "idle_in_transaction_session_timeout": str(int(self.statement_timeout * 500)),
        }

    def transaction_limit(self, *, local: bool) -> str:
        """Sets the limit for whole transactions, where the server has one (from Postgres 17 on).

        It is the only one that counts while a statement is prepared and not yet executed: stopped there, a coordinator
        would keep its locks for as long as it is stopped. Longer than the others, so that those come first.
        """
        milliseconds = int(self.statement_timeout * 1500)
        return (
            f"SELECT set_config('transaction_timeout', '{milliseconds}', {str(local).lower()}) "
            "WHERE current_setting('server_version_num')::int >= 170000"
        )

    @property
    def begin(self) -> str:
        """Begins a transaction, in one round trip."""
        if not self.pooled_elsewhere:
            return "BEGIN"
        limits = [f"SET LOCAL {name} = {value}" for name, value in self.limits.items()]
        return "; ".join(["BEGIN", *limits, self.transaction_limit(local=True)])
