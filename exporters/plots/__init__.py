"""What does a figure look like? Pure functions from small tables to drawings, the same every time."""
