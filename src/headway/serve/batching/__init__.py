"""Checked rows of many requests become one model call, and each request gets its own part of the answer."""
