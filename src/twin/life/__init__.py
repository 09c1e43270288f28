"""What people do: strangers, customers, clerks and the shop till."""
