"""Records as Parquet: tables, writing, reading, and what keeps a store in order."""
