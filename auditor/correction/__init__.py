"""From decisions to a corrected dataset: outcomes, files, patch, and push to the Hub."""
