"""What every exchange with the Hugging Face Hub shares: uploads in one commit, and errors in plain words."""
