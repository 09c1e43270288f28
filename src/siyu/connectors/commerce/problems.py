"""Why a row or a file is refused: codes here, words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.kit.errors import BadInput
from siyu.records.commerce import api as commerce

ROWS: dict[str, Promise] = {
    "cells": _(
        "The row has %(found)s cells, the header %(expected)s: it is cut off or has a stray separator."
    ),
    "quote": _("A quotation mark is not closed or stands in the wrong place."),
    "long": _("A cell is longer than %(limit)s characters."),
    "no_order_no": _("The order number is missing."),
    "long_order_no": _("The order number is longer than 100 characters."),
    "no_paid_at": _("The time of payment is missing."),
    "paid_at": _("“%(value)s” is not a date this import understands, such as 2026-05-01 13:30."),
    "future": _("The time of payment %(value)s lies in the future."),
    "ancient": _("The time of payment %(value)s lies before 1990."),
    "no_amount": _("The amount is missing."),
    "amount": _("“%(value)s” is not an amount, or has more decimals than the currency."),
    "negative": _("The amount is negative. Report returns as refunds."),
    "quantity": _("“%(value)s” is not a whole number of pieces."),
    "status": _("“%(value)s” is not a known order status."),
    "not_paid": _("The order was not paid (%(value)s)."),
    "no_member": _("The customer number is missing."),
    "currency": _("“%(value)s” is not a currency code such as CNY."),
    "other_currency": _("The order is in %(value)s, the brand counts in %(brand)s."),
    "source": _("The source name is longer than 40 characters."),
    "order_too_long": _("The order has more than %(limit)s lines."),
    "order_differs": _("The order was refused: %(reason)s"),
    "refund_refused": _("The order is kept, its refund was refused: %(reason)s"),
    "not_recorded": _("The order could not be recorded; the log of the worker names the cause."),
}
FILES: dict[str, Promise] = {
    "file.no_rows": _("The file has a header but no rows below it. Export it again."),
    "file.empty": _("The file is empty. Choose another one."),
    "file.no_text": _("This is no text or Excel file. Export the orders as CSV or XLSX."),
    "file.utf16": _("The file is in UTF-16. Save it again as “CSV UTF-8”."),
    "file.encoding": _("The file is neither UTF-8 nor GB18030 (first wrong byte at %(position)s). Save it again as “CSV UTF-8”."),
    "file.xls": _("This is an old .xls file. Save it as .xlsx or CSV."),
    "file.xlsx": _("The Excel file is damaged or cut off. Export it again."),
    "file.zip_bomb": _("The Excel file unpacks to more than %(limit)s MB. Export it as CSV or split it."),
    "file.columns": _("Columns are missing: %(missing)s. Choose which column holds them."),
    "file.mapping": _("The file has no column named “%(column)s”."),
    "file.double_column": _("The column “%(column)s” appears twice in the header. Rename one."),
    "file.too_bad": _("%(bad)s of the first %(read)s rows are unusable; the import stopped. Check preset and columns."),
    "file.other_currency": _("The amounts of this file are in %(currency)s, the brand counts in %(brand)s. Choose the brand's currency in the settings before the first order, or import it into a brand of its own."),
    "import.preset": _("There is no preset “%(preset)s”. Known are: %(known)s."),
    "import.shift_fixed": _("The dates of this data set are shifted by %(days)s days already; that cannot change."),
    "import.data_set": _("A data set needs a name of at most 40 letters, digits, “-” or “_”."),
    "file.gone": _("The uploaded file has expired. Upload it again."),
    "import.unexpected": _("The import failed for a reason of our own; the worker's log names it. It can be resumed."),
}  # fmt: skip


class RowProblem(Exception):
    """One row cannot be used; ``code`` is a key of ROWS."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = {name: str(value)[:80] for name, value in params.items()}


def describe_row(code: str, params: Mapping[str, object]) -> str:
    """Why a row was refused, in the reader's language."""
    if "reject" in params:  # the records refused the order: their words
        params = {"reason": str(commerce.describe_reject(commerce.Reject(str(params["reject"]))))}
    return str(ROWS[code]) % params


def describe_file(code: str, params: Mapping[str, object]) -> str:
    """Why a whole import failed, in the reader's language."""
    return str(FILES[code]) % params if code else ""


def bad_file(code: str, **params: Any) -> BadInput:
    """The error for a file that cannot be used at all."""
    return BadInput(code, FILES[code], **params)
