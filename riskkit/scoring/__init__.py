"""From measures to scores, grades and ranks."""
