"""What the routes work on: the opened run, its corrections, downloads and pushes."""
