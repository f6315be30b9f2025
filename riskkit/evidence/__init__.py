"""From files to measures."""
