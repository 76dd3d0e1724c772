"""Trained models as folders: saved, found, loaded, published, and asked for predictions."""
