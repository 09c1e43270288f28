"""Faults built into the house on purpose, to see that a whole run catches them.

`proof.breaks` alters what a run left behind; here the running code itself is wrong: web and workers of a sabotaged
run load `proof.sabotage.settings`, whose app replaces a function of siyu before anything is served.
"""
