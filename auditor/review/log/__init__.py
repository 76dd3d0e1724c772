"""The decision log: append-only events in SQLite or PostgreSQL, and what follows from them."""
