"""Records in: every write whole or invisible, each run once."""
