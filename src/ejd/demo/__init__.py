"""A simulated Russian school for demonstrations: seeded data, sent through the commands like anybody else's."""
