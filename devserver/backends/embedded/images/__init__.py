"""The procedural painters: one module per style, and what they share."""
