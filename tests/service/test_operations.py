"""The operations page tells of every metric and event that there is, and of no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from service.ledger import State
from service.metrics import Metrics

SERVICE = Path(__file__).parents[2] / "service"
PAGE = (SERVICE / "operations.md").read_text("utf-8")
RULES = yaml.safe_load((SERVICE / "alerts.example.yaml").read_text("utf-8"))["groups"][0]["rules"]
METRIC = re.compile(r"\balliance_[a-z0-9_]+")
SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created")
# What flows/poll_changes.py is told to call a look that failed.
OF_LOOKS = {"attendance_failed", "treatment_ends_failed"}
# The one name that is put together: record_outcome.py, from the state of a delivery.
BY_STATE = {f"delivery_{state}" for state in State}


def events_of(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the events that a module logs; a name that is put together is left out."""
    for node in ast.walk(tree):
        is_event = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_event and node.func.attr == "event" and node.args:
            first = node.args[0]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            yield from (one.value for one in choices if isinstance(one, ast.Constant))


def in_code() -> set[str]:
    trees = [ast.parse(path.read_text("utf-8")) for path in SERVICE.rglob("*.py")]
    return {name for tree in trees for name in events_of(tree)} | {"delivery_parked"} | OF_LOOKS


def table_of(title: str) -> set[str]:
    """Return what stands in the first column of the table below a title."""
    part = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([a-zA-Z0-9_]+)", cell)}


def base_of(name: str) -> str:
    return next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)


@pytest.fixture
def metrics(deployment) -> set[str]:
    return {one.name for one in Metrics([deployment]).registry.collect()}


def test_every_metric_is_told_of_and_no_other(metrics):
    assert {base_of(name) for name in table_of("The figures")} == metrics


def test_rules_and_page_ask_for_metrics_that_there_are(metrics):
    asked = METRIC.findall(PAGE) + [name for rule in RULES for name in METRIC.findall(rule["expr"])]
    assert {base_of(name) for name in asked} <= metrics


def test_every_rule_is_explained_and_no_other():
    assert table_of("The alarms") == {rule["alert"] for rule in RULES}


def test_every_event_is_explained_and_no_other():
    assert table_of("The log") - BY_STATE == in_code() - BY_STATE
    assert BY_STATE & in_code() <= table_of("The log")
