"""The JSON API: which address answers what."""
