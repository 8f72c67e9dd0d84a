"""Which values are kept, how they are written, and how they are read again."""
