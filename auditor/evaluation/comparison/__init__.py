"""Retraining on several versions of the labels, and comparing the results."""
