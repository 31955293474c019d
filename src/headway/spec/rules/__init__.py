"""Rules that look across fields and documents: what can be read, and still cannot be meant."""
