"""What a run tells people: one model, read by every format and every page."""
