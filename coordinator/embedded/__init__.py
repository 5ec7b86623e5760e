"""A real PostgreSQL and a real Apache Kafka, started from packages: for development, tests, the demo and benchmarks."""
