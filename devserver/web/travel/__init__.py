"""A map of a text's journey: where its languages are, and the ways between them."""
