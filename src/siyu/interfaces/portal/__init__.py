"""The customer's own page behind a signed link: points, orders, steward, consent."""
