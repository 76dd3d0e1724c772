"""Text files: CSV, JSON Lines, fastText, line files, parallel files, folders of texts."""
