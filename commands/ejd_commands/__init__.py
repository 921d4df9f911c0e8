"""The write side: one file per family of commands."""
