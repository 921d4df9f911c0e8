"""The read side: one file per read model."""
