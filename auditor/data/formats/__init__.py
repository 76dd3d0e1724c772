"""Files of every supported layout → Arrow tables."""
