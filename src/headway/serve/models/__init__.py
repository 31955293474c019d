"""Bundles on disk become models that answer: checked, released, loaded, warmed."""
