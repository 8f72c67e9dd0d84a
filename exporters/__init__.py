"""Records out: one module per format."""
