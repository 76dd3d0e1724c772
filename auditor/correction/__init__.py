"""From decisions to a corrected dataset: what each verdict does, the files, the patch, the push to the Hub."""
