"""How good a ranking is, and noise for experiments in which the truth is known."""
