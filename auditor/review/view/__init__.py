"""Views of the review page: cards, queue, orders, progress, tables."""
