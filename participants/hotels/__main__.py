"""Runs the service: ``python -m participants.hotels``."""

from participants.hotels import hotels
from participants.sdk.run import run

run(hotels)
