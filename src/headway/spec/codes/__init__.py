"""Every code of a finding, with what it means, what brings it about, and what cures it."""
