"""One record for each prediction that is sampled, written by a thread of its own."""
