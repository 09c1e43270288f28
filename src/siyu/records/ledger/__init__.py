"""Double entry: points and every other unit that must never appear or vanish."""
