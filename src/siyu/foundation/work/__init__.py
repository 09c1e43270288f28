"""The one mechanism for all waiting: jobs, schedules, timers, leases."""
