"""One folder an outside system; each implements one port."""
