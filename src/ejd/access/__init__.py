"""Accounts, roles and tokens, and the vault in which personal data is sealed under a key per person."""
