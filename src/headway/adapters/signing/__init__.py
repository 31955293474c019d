"""Keys on disk and signatures with them."""
