"""The consensus of all models and neighbours: one probability per row and class."""
