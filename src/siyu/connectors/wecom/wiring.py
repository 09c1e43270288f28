"""Registers the connector's ports where lower modules look for them."""

from __future__ import annotations

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import personal
from siyu.connectors.wecom.channels.mass import MassChannel
from siyu.connectors.wecom.channels.staff_app import StaffAppChannel
from siyu.connectors.wecom.channels.welcome import WelcomeChannel
from siyu.connectors.wecom.contact_ways import ContactWays
from siyu.connectors.wecom.setup import SETUP
from siyu.decisions.acquisition import api as acquisition
from siyu.foundation import api as foundation


def wire() -> None:
    """Called once at start-up."""
    personal.declare()
    channels: tuple[messaging.Channel, ...] = (WelcomeChannel(), MassChannel(), StaffAppChannel())
    for channel in channels:
        messaging.CHANNELS.register(channel.name, channel)
    acquisition.CODE_PORT.register("wecom", ContactWays())
    foundation.SETUPS.register("wecom", SETUP)
