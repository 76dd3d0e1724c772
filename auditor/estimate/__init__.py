"""What the reviewing itself tells: how many labels are wrong, what is left, what to read next. Functions of arrays."""
