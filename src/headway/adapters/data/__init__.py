"""Data files: lock and split."""
