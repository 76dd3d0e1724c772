"""What the review page shows: cards, queue, orders, progress, tables."""
