"""Importers, tried on hand-written files, on broken ones and on the real ones of the shared folder."""
