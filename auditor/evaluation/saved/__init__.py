"""Trained models as folders: save, find, load, publish, predict."""
