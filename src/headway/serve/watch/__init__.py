"""What is counted while serving: metrics, drift."""
