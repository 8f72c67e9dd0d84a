"""Who comes in, as whom, and for how long."""
