"""The probe: batches over Postgres and Kafka with the least of a saga in between. What a coordinator in Python costs
that does the work of `architecture`'s straight line and nothing else: no HTTP, no retries, no replay, no deadlines."""
