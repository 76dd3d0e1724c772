"""The consensus of all models and votes: one probability a class and row."""
