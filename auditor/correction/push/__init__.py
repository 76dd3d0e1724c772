"""Push of the corrected dataset, its patch and its card to the Hub, in one commit."""
