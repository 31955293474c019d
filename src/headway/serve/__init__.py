"""The model server: answers requests for one bundle in a process of its own; knows nothing of the control plane."""
