"""What viewers of traces are sent: reduced, best effort."""
