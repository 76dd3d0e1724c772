"""A language model as one more reviewer, whose verdicts never count as a person's."""
