"""What each number means: the text people open, and nothing that is not computed exactly so."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from siyu.insights.metrics.contracts import MetricDefinition, Unit

_ALL = (
    MetricDefinition(
        key="sales",
        label=_("Sales to known customers"),
        unit=Unit.MONEY,
        text=_(
            "Orders paid on the day by known customers, less refunds made on the day on orders of known customers"
            " (whenever those were paid). Orders that wait to be claimed do not count. Scope: the order's store or"
            " selling employee."
        ),
        numerator=_("paid less refunded"),
        denominator=None,
        rows="order",
    ),
    MetricDefinition(
        key="new_customers",
        label=_("New customers"),
        unit=Unit.COUNT,
        text=_(
            "People who became the friend of an employee on the day and never were one's friend before. Deleting"
            " and adding again does not count twice. Scope: the employee."
        ),
        numerator=pgettext_lazy("metric", "people"),
        denominator=None,
        rows="fact",
    ),
    MetricDefinition(
        key="lost_customers",
        label=_("Lost customers"),
        unit=Unit.COUNT,
        text=_("People who removed an employee on the day. Scope: the employee."),
        numerator=pgettext_lazy("metric", "people"),
        denominator=None,
        rows="fact",
        higher_is_better=False,
    ),
    MetricDefinition(
        key="task_completion",
        label=_("Tasks completed"),
        unit=Unit.SHARE,
        text=_(
            "Of the tasks due on the day, those done by the end of it. Skipped ones are not done. Scope: the employee."
        ),
        numerator=_("done by the end of the day"),
        denominator=_("tasks due on the day"),
        rows="task",
    ),
    MetricDefinition(
        key="repurchase_30d",
        label=_("Repurchase, 30 days"),
        unit=Unit.SHARE,
        text=_(
            "Of the known customers who bought within the 30 days up to the day, those with an earlier order. Fully"
            " refunded orders count on neither side. Scope: the order's store or selling employee."
        ),
        numerator=_("buyers who had bought before"),
        denominator=_("buyers within 30 days"),
        rows="order",
    ),
    MetricDefinition(
        key="first_response",
        label=_("First response"),
        unit=Unit.DURATION,
        text=_(
            "Time from a customer's first message to the first answer. It needs customer service (微信客服) or the chat"
            " archive; chats inside WeCom cannot be read otherwise."
        ),
        numerator=pgettext_lazy("metric", "seconds"),
        denominator=pgettext_lazy("metric", "conversations"),
        rows="fact",
        higher_is_better=False,
    ),
    MetricDefinition(
        key="welcome_delivered",
        label=_("Welcomes sent"),
        unit=Unit.SHARE,
        text=_(
            "Of the welcome messages planned on the day, those that were sent. Scope: the sending employee."
        ),
        numerator=pgettext_lazy("metric", "sent"),
        denominator=_("planned on the day"),
        rows="delivery",
    ),
    MetricDefinition(
        key="points_granted",
        label=_("Points granted"),
        unit=Unit.POINTS,
        text=_(
            "Points posted to customers on the day. Points taken back or spent are not subtracted; moving points when"
            " customers are merged does not count. Scope: the customer."
        ),
        numerator=pgettext_lazy("metric", "points"),
        denominator=None,
        rows="transfer",
    ),
)

DEFINITIONS: dict[str, MetricDefinition] = {definition.key: definition for definition in _ALL}
TODAY: tuple[str, ...] = tuple(DEFINITIONS)
