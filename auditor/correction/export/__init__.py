"""The corrected dataset as files, in the layout of its source."""
