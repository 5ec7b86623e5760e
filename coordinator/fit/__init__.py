"""Whether the code at hand does what recorded histories say: asked before a deployment, and by tests."""
