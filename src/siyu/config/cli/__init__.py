"""The command line: ``siyu``."""

from siyu.config.cli.main import main

__all__ = ["main"]
