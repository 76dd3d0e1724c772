"""The transformer: frozen for vectors, or fine-tuned as a whole."""
