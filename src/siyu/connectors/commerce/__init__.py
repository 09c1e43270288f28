"""Order files of shop systems: preview, import, quarantine."""
