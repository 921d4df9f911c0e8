"""What people are told: written to the outbox once; channels take it from there."""
