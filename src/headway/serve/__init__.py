"""The model server: a process of its own that knows nothing of the control plane."""
