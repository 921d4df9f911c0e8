"""Rows in, bytes out: files that people open in a spreadsheet program."""
