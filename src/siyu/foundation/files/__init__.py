"""Uploaded and made files, encrypted at rest and expiring."""
