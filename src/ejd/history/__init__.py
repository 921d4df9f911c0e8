"""Other states of the school: what was known at a moment, what would be without what is void, what stood on it."""
