"""REFI-QDA 1.0, the exchange format of programs for qualitative analysis: what it calls the parts of our runs."""
