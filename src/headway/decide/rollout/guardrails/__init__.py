"""Guardrails: one module for each kind of them, told apart in a table."""
