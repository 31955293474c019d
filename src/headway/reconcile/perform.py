"""One short function an action."""
