"""Load a typed summary from a run and its decision log."""
