"""Models and probabilities that the user brings."""
