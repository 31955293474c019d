"""What is wanted: the kinds a person writes, and those that Headway writes beside them."""
