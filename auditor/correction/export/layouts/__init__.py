"""How corrected rows are written back, one file per layout."""
