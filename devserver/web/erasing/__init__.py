"""Runs that are erased from the pages: what would go, carried out beside the server's work, told to the end."""
