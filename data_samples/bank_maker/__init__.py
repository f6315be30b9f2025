"""The invented sample bank: who it has, how good each branch is, and what it hands in."""
