"""A map in the formats of others, one file each."""
