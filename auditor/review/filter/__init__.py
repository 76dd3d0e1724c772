"""Filters: which rows match, by field, pattern or search."""
