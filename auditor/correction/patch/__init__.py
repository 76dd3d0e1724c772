"""Patches: changes that can be applied to the original or to a newer version of a dataset."""
