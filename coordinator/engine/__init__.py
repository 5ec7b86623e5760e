"""What follows from the history and new facts. A synchronous function of what it is given: no I/O, no clock."""
