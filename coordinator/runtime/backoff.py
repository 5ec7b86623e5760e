"""How long to wait before asking a server again that did not answer."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from ``first_s`` to ``cap_s``. Half of each wait is drawn: coordinators do not come back in step."""

    first_s: float = 0.05
    cap_s: float = 5.0

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (from 1)."""
        full = min(self.cap_s, self.first_s * 2 ** min(failures - 1, 20))
        return full * (0.5 + 0.5 * random.random())
