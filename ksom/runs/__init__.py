"""A training as others see it, and the folder that keeps it."""
