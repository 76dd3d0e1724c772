"""Estimates: what people's verdicts say of the rows that nobody has read. Pure functions of arrays."""
