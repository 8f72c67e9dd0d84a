"""What may leave, of whom: studies and their keys, profiles and text rules, consent, retention, and where exports went."""
