"""Pictures of maps, drawn by matplotlib: each a function of a map, axes in and out."""
