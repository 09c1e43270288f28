"""The house keeps its rules, and each rule is shown able to fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.migrations.loader import MigrationLoader

from siyu.config.modules import ROOT, modules
from siyu.facts import api as facts
from siyu.records.customers import api as customers
from tests.architecture import rules

CHECKOUT = ROOT.parent.parent
OURS = [model for model in apps.get_models() if model._meta.app_label.split("_", 1)[0] in rules.RANK]


def lint(folder: Path) -> str:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as c; c()",
            "--no-cache",
        ],
        cwd=folder,
        env={"PYTHONPATH": f"{folder / 'src'}:{folder}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def test_import_contracts_hold() -> None:
    assert "0 broken" in lint(CHECKOUT)


VIOLATIONS = {
    "Call down, tell up": ("facts/events/log.py", "from siyu.records.staff import api as staff"),
    "siyu and its simulated counterpart meet over HTTP only": ("kit/ids.py", "import twin"),
    "Records know each other in one direction": (
        "records/staff/contracts.py",
        "from siyu.records.customers import api as customers",
    ),
    "Insights build on each other in one direction": (
        "insights/cards/contracts.py",
        "from siyu.insights.segments import api as segments",
    ),
    "Effects use the other actions": (
        "actions/work/contracts.py",
        "from siyu.actions.effects import api as effects",
    ),
    "Decisions do not know each other": (
        "decisions/journeys/contracts.py",
        "from siyu.decisions.acquisition import api as acquisition",
    ),
    "Connectors do not know each other": (
        "connectors/wecom/contracts.py",
        "from siyu.connectors.commerce import api as commerce",
    ),
    "Interfaces share only their UI kit": (
        "interfaces/api/schemas.py",
        "from siyu.interfaces.console import apps as console",
    ),
    "kit is plain Python": ("kit/money.py", "import django"),
    "A module is entered through its front door": (
        "decisions/journeys/contracts.py",
        "from siyu.records.customers import models as customer_models",
    ),
}


def test_a_violation_of_each_contract_is_caught(tmp_path: Path) -> None:
    shutil.copytree(
        CHECKOUT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "locale")
    )
    shutil.copytree(CHECKOUT / "tests" / "architecture", tmp_path / "tests" / "architecture")
    shutil.copy(CHECKOUT / ".importlinter", tmp_path)
    for place, line in VIOLATIONS.values():
        file = tmp_path / "src" / "siyu" / place
        file.write_text(f"{file.read_text()}\n{line}\n")
    report = lint(tmp_path)
    kept = [name for name in VIOLATIONS if f"{name} BROKEN" not in report]
    assert kept == [], report[-3000:]


def test_relations_stay_inside_a_module() -> None:
    assert list(rules.bad_relations(OURS)) == []


def test_a_relation_to_another_module_is_caught() -> None:
    class Elsewhere(models.Model):
        user = models.ForeignKey("foundation_accounts.User", on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "records_staff"

    try:
        assert len(list(rules.bad_relations([Elsewhere]))) == 1
    finally:
        del apps.all_models["records_staff"]["elsewhere"]
        apps.clear_cache()


def test_migrations_depend_downward() -> None:
    assert list(rules.bad_migrations(MigrationLoader(None))) == []


def test_a_migration_that_depends_upward_is_caught() -> None:
    loader = SimpleNamespace(
        disk_migrations={
            ("records_staff", "0009_x"): SimpleNamespace(dependencies=[("insights_cards", "0001_initial")])
        }
    )
    assert len(list(rules.bad_migrations(loader))) == 1  # type: ignore[arg-type]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def declared_facts() -> list[tuple[str, str, str]]:
    return [
        (module, fact.owner, fact.name)
        for module in modules()
        if find_spec(f"{module}.contracts")
        for fact in getattr(import_module(f"{module}.contracts"), "FACTS", ())
    ]


def test_facts_are_owned_and_named_by_their_module() -> None:
    found = declared_facts()
    assert len(found) == len(list(facts.CATALOGUE.items())) > 20
    assert list(rules.bad_facts(found)) == []


@pytest.mark.parametrize(
    "fact",
    [
        ("siyu.records.staff", "records_customers", "employee.joined"),
        ("siyu.records.staff", "records_staff", "employee.join"),
        ("siyu.records.staff", "records_staff", "EmployeeJoined"),
    ],
)
def test_a_badly_declared_fact_is_caught(fact: tuple[str, str, str]) -> None:
    assert len(list(rules.bad_facts([fact]))) == 1


def test_every_personal_model_declares_merge_undo_export_and_erase() -> None:
    declared = {label.lower() for label, _policy in customers.PERSONAL.items()}
    held = rules.personal_models(OURS)
    assert [label for label in held if label not in declared] == []
    assert len(held) > 8


def test_a_personal_model_without_declaration_is_caught() -> None:
    class Secret(models.Model):
        customer_id = models.BigIntegerField()

        class Meta:
            app_label = "records_staff"

    try:
        assert rules.personal_models([Secret]) == ["records_staff.secret"]
    finally:
        del apps.all_models["records_staff"]["secret"]
        apps.clear_cache()


def test_files_and_functions_keep_their_budgets() -> None:
    assert list(rules.long_files(ROOT)) == []
    assert list(rules.long_functions(ROOT)) == []
    sizes = [
        len(file.read_text().splitlines())
        for file in ROOT.rglob("*.py")
        if "migrations" not in file.parts and file.name not in ("__init__.py", "apps.py")
    ]
    assert median(sizes) <= 100


def test_long_files_and_functions_are_caught(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Doc."""\ndef f() -> None:\n' + "    pass\n" * 501)
    assert len(list(rules.long_files(tmp_path))) == 1
    assert len(list(rules.long_functions(tmp_path))) == 1


def test_doors_and_rules_are_documented() -> None:
    assert list(rules.undocumented(ROOT)) == []


def test_missing_docstrings_are_caught(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("def f() -> None:\n    pass\n")
    assert len(list(rules.undocumented(tmp_path))) == 2


def test_no_hidden_couplings() -> None:
    assert list(rules.forbidden_calls(ROOT)) == []


def test_hidden_couplings_are_caught(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "operations.py").write_text(
        "from django.dispatch import receiver\nfrom django.db.models.signals import post_save\n"
        "apps.get_model('a', 'b')\nclock.business_now()\n"
    )
    assert len(list(rules.forbidden_calls(tmp_path))) == 4


def test_every_module_has_a_front_door_and_a_page() -> None:
    for module in modules():
        folder = ROOT.parent / module.replace(".", "/")
        group = module.split(".")[1]
        if group in ("foundation", "facts"):
            folder = folder.parent
        if group != "interfaces":
            assert (folder / "api.py").exists(), f"{module} has no api"
        assert (folder / "README.md").exists(), f"{module} has no README"
