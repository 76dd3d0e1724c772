"""Retraining on several versions of the labels, and comparison of the results."""
