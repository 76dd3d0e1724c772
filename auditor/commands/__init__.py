"""The commands beside auditing itself, a file for each part of the work; ``auditor.cli`` gathers them."""
