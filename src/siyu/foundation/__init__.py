"""What every module stands on: accounts, audit, waiting work, settings, secrets, files."""
