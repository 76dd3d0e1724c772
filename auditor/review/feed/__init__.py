"""The default queue: which card comes next, and what the cards drawn blind tell about the whole dataset."""
