"""Looks an installation over and says how to mend what is wrong; works on a broken one."""
