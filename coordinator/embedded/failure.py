"""What can go wrong when servers are started from packages."""


class EmbeddedServerFailed(Exception):
    """A server did not start, or did not do what was asked. The message says what to do and ends with its log."""


class EmbeddedServersBusy(EmbeddedServerFailed):
    """Another living process has the servers of this root."""
