"""Headway takes machine-learning models from training to production by Git."""

__version__ = "0.1.0"
