"""From a command to its stored events: load, decide, append; retried a bounded number of times."""
