"""One condition on the card → checked value → SQL with parameters. Used by lists and by rule trees.

Every fragment is two-valued (never NULL), so that "not" around it means what people expect; "AND … IS NOT
NULL" says so in a way that still lets an index serve the comparison, which COALESCE would not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards.contracts import CardField, CardFilter, FieldKind, Fragment, Op
from siyu.insights.cards.fields import FIELDS
from siyu.kit import money
from siyu.kit.errors import BadInput

MAX_DAYS = 36_500
MAX_LIST = 200
MAX_TEXT = 200
MAX_NUMBER = 10**15

_SYMBOLS = {
    Op.AT_LEAST: ">=",
    Op.AT_MOST: "<=",
    Op.MORE_THAN: ">",
    Op.LESS_THAN: "<",
    Op.IS: "=",
    Op.BEFORE: "<",
    Op.SINCE: ">=",
}


def parse_filter(field: str, op: str, value: Any = None) -> CardFilter:
    """Check one condition as it came from a form, a URL or JSON and return it with a typed value.

    Numbers and money given as int are taken as they are (money in minor units); text is what people type
    ("12.5" in the brand's currency; days, counts and ids as digits; dates as YYYY-MM-DD in the brand's zone).
    Raises BadInput with the field's name when field, comparison or value does not fit.
    """
    known = FIELDS.get(field)
    if known is None:
        raise BadInput("unknown_field", _("There is no field “%(field)s”."), field=str(field)[:50])
    try:
        operation = Op(op)
    except ValueError:
        operation = None
    if operation is None or operation not in known.ops:
        raise BadInput(
            "unknown_comparison",
            _("“%(label)s” cannot be compared with “%(op)s”."),
            label=str(known.label),
            op=str(op)[:50],
        )
    return CardFilter(field, operation, _value(known, operation, value))


def compile_trait(condition: CardFilter) -> Fragment:
    """The condition over the card ``c`` judged at ``t.as_of``; raises BadInput like ``parse_filter``."""
    checked = parse_filter(condition.field, condition.op, condition.value)
    column, value, op = f"c.{checked.field}", checked.value, checked.op
    kind = FIELDS[checked.field].kind
    if op in (Op.EMPTY, Op.NOT_EMPTY):
        return Fragment(_emptiness(column, kind, op))
    if op in (Op.WITHIN_DAYS, Op.OVER_DAYS):
        sign = ">" if op is Op.WITHIN_DAYS else "<="
        return Fragment(
            f"({column} {sign} t.as_of - interval '1 day' * %s AND {column} IS NOT NULL)",
            (value,),
            flip=f"({column} + interval '1 day' * %s)",
            flip_params=(value,),
        )
    if kind is FieldKind.TAGS:
        text = f"({column} @> ARRAY[%s]::text[])"
        return Fragment(text if op is Op.HAS else f"(NOT {text})", (value,))
    if op is Op.CONTAINS:
        return Fragment(f"(strpos(lower({column}), lower(%s)) > 0)", (value,))
    if op is Op.IS_NOT:
        return Fragment(f"({column} IS DISTINCT FROM %s)", (value,))
    if op in (Op.ONE_OF, Op.NONE_OF):
        text = f"({column} = ANY(%s) AND {column} IS NOT NULL)"
        return Fragment(text if op is Op.ONE_OF else f"(NOT {text})", (list(value),))
    return Fragment(f"({column} {_SYMBOLS[op]} %s AND {column} IS NOT NULL)", (value,))


def _emptiness(column: str, kind: FieldKind, op: Op) -> str:
    tests = {FieldKind.TEXT: f"({column} = '')", FieldKind.TAGS: f"(cardinality({column}) = 0)"}
    empty = tests.get(kind, f"({column} IS NULL)")
    return empty if op is Op.EMPTY else f"(NOT {empty})"


def _value(field: CardField, op: Op, value: Any) -> Any:
    if op in (Op.EMPTY, Op.NOT_EMPTY):
        return None
    if op in (Op.WITHIN_DAYS, Op.OVER_DAYS):
        return _integer(field, value, low=0, high=MAX_DAYS)
    if op in (Op.ONE_OF, Op.NONE_OF):
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not 1 <= len(items) <= MAX_LIST:
            raise _bad(field, _("Give between 1 and %(max)s values.") % {"max": MAX_LIST})
        return tuple(_PARSERS[field.kind](field, item) for item in items)
    return _PARSERS[field.kind](field, value)


def _bad(field: CardField, message: str) -> BadInput:
    return BadInput("bad_value", "%(label)s: %(problem)s", label=str(field.label), problem=message)


def _integer(field: CardField, value: Any, *, low: int = -MAX_NUMBER, high: int = MAX_NUMBER) -> int:
    try:
        number = int(str(value).strip()) if not isinstance(value, bool | float) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise _bad(field, _("Give a whole number from %(low)s to %(high)s.") % {"low": low, "high": high})
    return number


def _money(field: CardField, value: Any) -> int:
    if not isinstance(value, str):
        return _integer(field, value)
    try:
        return money.parse_minor(value, foundation.brand_currency())
    except ValueError:
        raise _bad(field, _("Give an amount such as 1200 or 99.90.")) from None


def _text(field: CardField, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_TEXT or "\0" in text:
        raise _bad(field, _("Give a text of at most %(max)s characters.") % {"max": MAX_TEXT})
    return text


def _choice(field: CardField, value: Any) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise _bad(field, _("Choose one of the offered values."))
    return value


def _moment(field: CardField, value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime.combine(value, time())
        else:
            moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise _bad(field, _("Give a date such as 2026-01-31.")) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=foundation.brand_zone())


_PARSERS: dict[FieldKind, Callable[[CardField, Any], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.TAGS: _text,
    FieldKind.NUMBER: _integer,
    FieldKind.REFERENCE: _integer,
    FieldKind.MONEY: _money,
    FieldKind.CHOICE: _choice,
    FieldKind.TIME: _moment,
}
