"""What was seen and what was concluded; bytes and values, no input or output."""
