"""Stand-ins for what is outside. Each passes the same suite as the real thing (``tests/conformance``)."""
