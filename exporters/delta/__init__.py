"""Records in a Delta Lake table on object storage or in a folder, which many writers share."""
