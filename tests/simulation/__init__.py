"""One seeded world in one thread: the real runtime and the real SDK among simulated servers, networks and clocks."""
