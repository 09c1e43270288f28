"""Ways to people that WeCom offers, as ports of messaging."""
