"""Training and packaging as sandboxed, cached steps."""
