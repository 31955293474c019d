"""Compares what is wanted with what is, into a list of actions; performs none."""
