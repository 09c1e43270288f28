"""Money as integers of a currency's smallest unit (分, cent); exact parsing and display.

The only place that knows symbols and decimals: every amount that people read or type passes here.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

SYMBOLS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "TWD": "NT$",
    "MOP": "MOP$",
    "SGD": "S$",
    "MYR": "RM",
    "THB": "฿",
    "JPY": "JP¥",
    "KRW": "₩",
    "AUD": "A$",
    "CAD": "C$",
}
"""The currencies a brand may count in. ¥ alone is the yuan, $ alone the US dollar."""

DECIMALS = {"JPY": 0, "KRW": 0}
"""Decimals where they are not two."""

_SIGNS = (
    "".join(sorted({sign for symbol in SYMBOLS.values() for sign in symbol if not sign.isalnum()})) + "￥"
)

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def decimals(currency: str) -> int:
    """How many decimals an amount has: 2, or 0 for yen and won."""
    return DECIMALS.get(currency, 2)


def symbol(currency: str) -> str:
    """What stands before an amount: ¥, $, or the code and a space for a currency not known here."""
    return SYMBOLS.get(currency, f"{currency} ")


def parse_minor(text: str, currency: str = "CNY") -> int:
    """Turn a decimal text such as "1,234.50" or "¥12" into minor units (123450, 1200), exactly.

    A symbol before the amount is passed over. Raises ValueError when the text is no number or has more
    decimals that are not zero than the currency knows, and for a comma that does not stand between
    thousands: "12,50" means twelve and a half to whoever writes it, not 1250.
    """
    cleaned = text.strip().removeprefix(SYMBOLS.get(currency, "")).lstrip(_SIGNS).strip()
    if "," in cleaned and not _GROUPED.fullmatch(cleaned):
        raise ValueError(f"not an amount: {text!r}")
    try:
        value = Decimal(cleaned.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {text!r}") from error
    if not value.is_finite() or abs(value) > Decimal(10) ** 13:
        raise ValueError(f"not an amount: {text!r}")
    minor = value.scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"more decimals than {currency} has: {text!r}")
    return int(minor)


def format_plain(amount: int, currency: str) -> str:
    """Minor units as digits for files and form fields, without symbol or separators: 123450 → 1234.50."""
    return _digits(amount, currency, "")


def format_minor(amount: int, currency: str) -> str:
    """Show minor units with symbol, thousands separators and the currency's decimals: 123450 → ¥1,234.50."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{symbol(currency)}{_digits(abs(amount), currency, ',')}"


def _digits(amount: int, currency: str, separator: str) -> str:
    sign, places = ("-" if amount < 0 else ""), decimals(currency)
    whole, rest = divmod(abs(amount), 10**places)
    shown = f"{whole:,}".replace(",", separator)
    return f"{sign}{shown}.{rest:0{places}d}" if places else f"{sign}{shown}"


def format_compact(number: int | float) -> str:
    """Show a count the way people say it: 9,800 stays, 12,345 becomes 1.2万, 120,000,000 becomes 1.2亿."""
    for size, unit in ((100_000_000, "亿"), (10_000, "万")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:,.0f}"
