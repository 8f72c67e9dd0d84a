"""A run as boxes that fill, and the stream that fills them."""
