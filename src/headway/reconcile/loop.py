"""The loop: a pass, a wait with a reason and a limit, a pass."""
