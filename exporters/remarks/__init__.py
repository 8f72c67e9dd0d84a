"""What did a researcher say of a run since? Marks and variables, kept beside the records and never in them."""
