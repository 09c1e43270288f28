"""Points on paid orders, taken back on refund to the unit."""
