"""Charges on cards: one of the demo's services."""

from participants.payments.handlers import payments
from participants.payments.tables import ledger

__all__ = ["ledger", "payments"]
