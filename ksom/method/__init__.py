"""The textbook, in pure functions and small classes: what a self-organising map is."""
