"""Metrics of rankings, planted noise, retraining, and saved models."""
