"""One file a layout: how corrected rows are written back."""
