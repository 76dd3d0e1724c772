"""The corrected dataset, its patch and its card → the Hub, in one commit."""
