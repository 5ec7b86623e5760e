"""Runs the service: ``python -m participants.flights``."""

from participants.flights import flights
from participants.sdk.run import run

run(flights)
