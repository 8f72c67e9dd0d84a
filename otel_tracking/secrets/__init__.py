"""What is a secret, where it may stand, and how it is taken out."""
