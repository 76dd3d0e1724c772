"""The decision log: append-only events in SQLite or PostgreSQL, and the state derived from them."""
