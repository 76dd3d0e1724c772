"""Patches: changes that can be applied to the original or a newer version of a dataset."""
