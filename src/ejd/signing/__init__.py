"""How people get in: passwords, one-time codes, sessions; what is secret goes no further than this room."""
