"""The demonstration: two brands and a simulated WeCom company.

``siyu demo`` runs these steps in processes of their own: ``prepare`` after the migrations, ``connect``
once everything serves, ``check`` to play and balance seven days. Each may be run again without harm.
"""

from siyu.config.demo.steps import check, connect, prepare

__all__ = ["check", "connect", "prepare"]
