"""The sagas of this deployment, one file each."""

from coordinator.catalogue.book_trip import book_trip
from coordinator.saga.definitions import Definitions

DEFINITIONS = Definitions([book_trip])
