"""What clients speak: each protocol reads a request into checked rows and writes answers, without any I/O."""
