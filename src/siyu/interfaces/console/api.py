"""Front door of the console: the ports that config fills."""

from siyu.interfaces.console.ports import IMPORTS, OrderImports

__all__ = ["IMPORTS", "OrderImports"]
