"""Files of every supported layout → tables of Arrow."""
