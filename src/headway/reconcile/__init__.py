"""The shell: one pass, the loop, and the ports through which they reach the world."""
