"""The effects themselves, a file each."""
