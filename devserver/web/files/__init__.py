"""Media and documents that are handed out."""
