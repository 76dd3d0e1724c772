"""Files, folders and archives, within the bounds that keep hostile ones harmless."""
