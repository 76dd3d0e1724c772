"""The transformer: frozen to provide vectors, or fully fine-tuned."""
