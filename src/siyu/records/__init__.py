"""The system of record: customers, staff, commerce, ledger, policy, goals."""
