"""Judging suspect rows: the decision log, filters, the queue. It knows nothing of the page that draws it."""
