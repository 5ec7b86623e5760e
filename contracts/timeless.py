"""Records carry no time of the machine that sends them.

A broker refuses a record that is more than an hour ahead of its own clock (``log.message.timestamp.after.max.ms``), as
often as it is sent again: a machine whose clock was wrong for a moment would be silent until it is started anew. With
no time the record is taken, and where the topic says ``LogAppendTime``, as those that we make do, it has the broker's.
When something was said stands in ``ce_time``.
"""

from collections.abc import Mapping

NO_TIMESTAMP = -1
"""What Kafka calls ``RecordBatch.NO_TIMESTAMP``."""
BROKERS_TIME: Mapping[str, str] = {"message.timestamp.type": "LogAppendTime"}
"""Settings of the topics that we make."""
