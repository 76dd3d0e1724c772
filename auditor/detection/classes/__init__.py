"""Findings about classes and raters rather than rows."""
