"""Who may review: accounts, and how fast passwords may be tried."""
