"""Benchmarks: ratios against raw SQL and against the stock library, measured in turns within one run."""

from __future__ import annotations

from benchmarks.runner import main

__all__ = ["main"]
