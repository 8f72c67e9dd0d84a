"""What the procedural composer is made of: theory, score, sounds."""
