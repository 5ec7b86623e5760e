"""Postgres, and nowhere else: the tables, the statements, and the ports of the runtime that they answer."""
