"""From verdicts to one outcome a row, by a policy."""
