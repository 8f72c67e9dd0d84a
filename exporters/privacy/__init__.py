"""What may leave, of whom: studies and keys, profiles and text rules, consent, retention, and where exports went."""
