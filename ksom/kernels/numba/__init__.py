"""The compiled backend: the bits of the numpy backend, with less work."""
