"""Pictures, sounds and films of strangers: opened, drawn anew, and freed of what they say besides."""
