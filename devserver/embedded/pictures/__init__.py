"""One painter, and one way of varying a picture that comes along."""
