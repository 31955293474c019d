"""Prometheus, by its HTTP interface."""
