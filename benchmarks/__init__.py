"""Measurements that anybody can run again: ``make bench``. See docs/performance.md."""
