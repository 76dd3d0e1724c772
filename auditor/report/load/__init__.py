"""From a run and its log to a typed summary."""
