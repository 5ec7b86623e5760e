"""When it happens: facts in, batches through the engine into one transaction, commands out."""
