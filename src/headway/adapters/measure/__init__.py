"""Measuring a bundle with the server that will serve."""
