"""Take runs out of every place, once and for all, and prove it."""
