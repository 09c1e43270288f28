"""Backup and restore of a whole installation: database, files, key.

A backup is one file (``container``): every table as of one moment (``dump``), the stored files and the
installation key. Restoring (``load``) checks the whole file before it changes anything, fills an empty
installation in one transaction, compares checksums, and erases again whoever was erased since.
"""
