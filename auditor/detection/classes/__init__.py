"""What the audit finds out about classes and raters rather than rows."""
