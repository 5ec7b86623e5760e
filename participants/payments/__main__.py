"""Runs the service: ``python -m participants.payments``."""

from participants.payments import payments
from participants.sdk.run import run

run(payments)
