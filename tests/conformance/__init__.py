"""What every implementation of ``SagaStore`` and ``ReadModel`` keeps, sentence by sentence of the ports."""
