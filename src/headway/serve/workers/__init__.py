"""Several processes behind one port: the parent that keeps them, and what each knows of its place."""
