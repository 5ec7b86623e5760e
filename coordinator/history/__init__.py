"""What happened: immutable events in the past tense. Nothing here decides anything."""
