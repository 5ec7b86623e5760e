"""For tests of a participant: its handlers against its own database, in every order of messages. No Kafka."""

from participants.sdk.testing.desk import Answer, Exchange
from participants.sdk.testing.messages import progressed, undo_message
from participants.sdk.testing.own_tables import NotOurs
from participants.sdk.testing.participant_test import ParticipantTest
from participants.sdk.testing.proof import Proof, Unproved

__all__ = ["Answer", "Exchange", "NotOurs", "ParticipantTest", "Proof", "Unproved", "progressed", "undo_message"]
