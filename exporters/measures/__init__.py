"""How far has a text drifted from another one? Figures of well-kept libraries, by name and version."""
