"""Kafka, and nowhere else: consumer, producer, topics, records."""
