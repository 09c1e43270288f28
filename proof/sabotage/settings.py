"""Siyu's settings, and the app that spoils one thing or another."""

from siyu.config.settings import *  # noqa: F403 - all of them
from siyu.config.settings import INSTALLED_APPS as ORDINARY

INSTALLED_APPS = [*ORDINARY, "proof.sabotage.apps.Sabotage"]
