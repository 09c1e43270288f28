"""Crash proof: busy simulated days under kill -9, faults and time jumps, then every promise checked.

``python -m proof --size ci --seed 1``. See docs/proof.md.
"""
