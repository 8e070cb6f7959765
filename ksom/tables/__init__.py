"""Tables in files and in memory: read in batches, in the order of their rows, and turned into features."""
