"""HTTP. Thin edges: a request becomes a fact or a question; nothing is decided here."""
