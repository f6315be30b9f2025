"""Small frozen answers to one question each."""
