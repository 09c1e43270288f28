"""Front door of the shared face: what console, workbench, portal and config may use."""

from siyu.interfaces.ui.forms import PlainForm
from siyu.interfaces.ui.installation import brand
from siyu.interfaces.ui.responses import see_other, spreadsheet
from siyu.interfaces.ui.rules import (
    ADMINS,
    ALL,
    MANAGEMENT,
    OPERATIONS,
    STORES,
    Route,
    Rule,
    guard,
    routes,
    rule,
    rule_of,
)
from siyu.interfaces.ui.visits import Visit, visit

__all__ = [
    "ADMINS",
    "ALL",
    "MANAGEMENT",
    "OPERATIONS",
    "STORES",
    "PlainForm",
    "Route",
    "Rule",
    "Visit",
    "brand",
    "guard",
    "routes",
    "rule",
    "rule_of",
    "see_other",
    "spreadsheet",
    "visit",
]
