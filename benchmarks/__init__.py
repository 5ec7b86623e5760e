"""Sagas per second, latency and CPU, with everything on this machine. Ratios within one run, never timed tests."""
