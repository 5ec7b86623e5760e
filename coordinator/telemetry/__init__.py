"""Traces, metrics and logs: primitives with plain arguments, which know nothing of histories and decisions."""
