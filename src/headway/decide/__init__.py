"""Judges what is known against what is wanted."""
