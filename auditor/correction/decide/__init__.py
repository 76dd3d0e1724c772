"""From verdicts to one outcome per row, by a policy."""
