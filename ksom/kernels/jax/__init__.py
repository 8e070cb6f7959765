"""The backend for accelerators."""
