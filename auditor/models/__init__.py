"""Text → probabilities: the frozen encoder, the classifiers, and cross-validation that knows nothing of either."""
