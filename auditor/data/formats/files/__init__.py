"""Files, folders and archives, with limits that keep hostile ones harmless."""
