"""How a story is laid out on pages, for PDF and Word alike: numbered, folded, and cut where there would be too many."""
