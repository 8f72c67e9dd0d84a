"""Games with the words of a text."""
