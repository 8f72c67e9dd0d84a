"""Records as one HTML file."""
