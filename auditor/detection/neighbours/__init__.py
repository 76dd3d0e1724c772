"""Nearest texts by their vectors, and the map drawn from them."""
