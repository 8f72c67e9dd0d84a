"""A record as rows of three tables, and one table as one sealed file."""
