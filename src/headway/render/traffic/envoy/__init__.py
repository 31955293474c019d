"""Envoy, which splits requests on one machine: its clusters, its routes, and how it starts."""
