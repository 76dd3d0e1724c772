"""Shared parts of all work with the Hugging Face Hub: uploads in one commit, and errors in plain words."""
