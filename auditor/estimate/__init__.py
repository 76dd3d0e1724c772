"""What the reviewing itself tells: how many labels are wrong, how many are left, when to stop. Functions of arrays."""
