"""The user's own models and probabilities."""
