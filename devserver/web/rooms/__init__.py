"""The rooms of a class: who is in them, and what their teacher says of the runs that are made there."""
