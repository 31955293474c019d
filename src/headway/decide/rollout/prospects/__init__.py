"""What a window is expected to add to each kind of guardrail's evidence, at the traffic that was."""
