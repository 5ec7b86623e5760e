"""Real processes on real servers, and everything that can be done to them, for as long as one likes."""
