"""Review of suspect rows: the decision log, filters and the queue, independent of the page that draws them."""
