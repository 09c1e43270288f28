"""Acquisition: live codes (渠道活码) and where customers come from."""
