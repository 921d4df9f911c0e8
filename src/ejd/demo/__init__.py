"""A simulated Russian school for demonstrations: seeded data, sent through the commands like anybody else's."""

from ejd.demo.build import DemoRefused, build_demo
from ejd.demo.report import DemoReport, demo_lines
from ejd.demo.shape import FULL, SMALL, Shape

__all__ = ["FULL", "SMALL", "DemoRefused", "DemoReport", "Shape", "build_demo", "demo_lines"]
