"""Which stored runs say what, and in which order? An index beside the data that a process opens at once."""
