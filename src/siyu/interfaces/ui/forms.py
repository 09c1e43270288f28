"""Forms the house way: one column, plain labels, help under the field, errors beside it."""

from __future__ import annotations

from typing import Any

from django import forms

_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


def dress(field: forms.BoundField) -> None:
    """Give a widget Tabler's class, mark it where it has an error, and tie help and errors to it."""
    widget = field.field.widget
    for kind, css in _CLASSES:
        if isinstance(widget, kind):
            have = widget.attrs.get("class", "").split()
            wanted = [css, *(["is-invalid"] if field.errors else [])]
            widget.attrs["class"] = " ".join([*have, *(one for one in wanted if one not in have)])
            return


class PlainForm(forms.Form):
    """A form whose widgets carry the house's classes; nothing typed is lost when it is shown again."""

    template_name = "ui/form.html"
    error_css_class = "is-invalid"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def get_context(self) -> dict[str, Any]:
        """Dress the widgets just before they are drawn, when errors are known."""
        for field in self:
            dress(field)
        return super().get_context()
