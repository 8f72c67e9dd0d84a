"""Translation by rules and by dictionary."""
