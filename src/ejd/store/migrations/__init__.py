"""Ordered SQL files per database; a file is never changed after it was released."""
