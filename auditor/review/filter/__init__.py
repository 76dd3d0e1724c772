"""Filters: the rows that match, by field, pattern or search."""
