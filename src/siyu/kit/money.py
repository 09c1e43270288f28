"""Money as integers of the smallest unit (分); exact parsing and Chinese display."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

SYMBOLS = {"CNY": "¥", "USD": "$"}


def parse_minor(text: str) -> int:
    """Turn a decimal text such as "1,234.50" or "¥12" into minor units (123450, 1200), exactly.

    Raises ValueError when the text is no number or has more than two decimals that are not zero.
    """
    cleaned = text.strip().lstrip("¥￥$").replace(",", "").strip()
    try:
        value = Decimal(cleaned)
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {text!r}") from error
    if not value.is_finite() or abs(value) > Decimal(10) ** 13:
        raise ValueError(f"not an amount: {text!r}")
    minor = value * 100
    if minor != minor.to_integral_value():
        raise ValueError(f"more than two decimals: {text!r}")
    return int(minor)


def format_minor(amount: int, currency: str = "CNY") -> str:
    """Show minor units with symbol, thousands separators and two decimals: 123450 → ¥1,234.50."""
    sign = "-" if amount < 0 else ""
    whole, cents = divmod(abs(amount), 100)
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{whole:,}.{cents:02d}"


def format_compact(number: int | float) -> str:
    """Show a count the way people say it: 9,800 stays, 12,345 becomes 1.2万, 120,000,000 becomes 1.2亿."""
    for size, unit in ((100_000_000, "亿"), (10_000, "万")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:,.0f}"
