"""Every outcome of a saga, by driving the engine: no servers, no real time."""
