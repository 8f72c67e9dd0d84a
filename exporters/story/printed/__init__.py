"""What a printed document says of a record, in parts that PDF and Word lay out alike."""
