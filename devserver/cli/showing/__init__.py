"""What runs look like on a terminal."""
