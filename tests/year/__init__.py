"""A whole school year over HTTP, beside a ledger that knows what must have come of it."""
