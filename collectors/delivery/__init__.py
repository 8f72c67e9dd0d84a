"""Records reach every sink, or wait."""
