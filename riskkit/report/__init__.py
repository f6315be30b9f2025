"""Tables, charts, workbooks and notebooks that people read."""
