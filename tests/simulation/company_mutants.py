"""Bugs to plant where sagas that begin wait for company: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

COMPANY_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a company of whose forerunners nothing is heard never departs",
        "coordinator.runtime.departures",
        "            self._timer = loop.call_later(self._patience_s - ago_s, self._go)\n",
        "",
    ),
    Mutant(
        "who waits for those who do not come back never begins",
        "coordinator.runtime.departures",
        "            self._timer = loop.call_later(self._back_s, self._go)\n",
        "",
    ),
    Mutant(
        "of a company only the first begins",
        "coordinator.runtime.intake",
        "        self._waiting.update(company)\n",
        "        self._waiting.update(list(company.items())[:1])\n",
    ),
)
