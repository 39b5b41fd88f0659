import json

import pytest

from service.__main__ import main
from tests.service.alliance.dyads import FOLDER, sessions_text


@pytest.fixture
def folder(tmp_path):
    """A folder of the first sixty clients of a world."""
    kept = [line for line in sessions_text("srs_ceiling").splitlines() if line.split(",")[0] in _FIRST]
    (tmp_path / "sessions.csv").write_text("\n".join(kept) + "\n")
    for name in ("episodes.csv", "norms.json"):
        (tmp_path / name).write_text((FOLDER / "srs_ceiling" / name).read_text())
    return tmp_path


_FIRST = {"client", *map(str, range(60))}


def _run(*arguments):
    written = []
    code = main(["evaluate-rules", *map(str, arguments)], {}, written.append)
    return code, "".join(written)


def test_table_names_each_rule_with_intervals(folder):
    code, text = _run(folder, "--rule", "own-baseline", "--rule", "stiles-like")
    assert code == 0
    assert "no figure says how well a rule works on patients" in text
    assert "| own-baseline | 0." in text
    assert "| rule | flagged | with return |" in text


def test_json_holds_every_figure(folder):
    code, text = _run(folder, "--rule", "ewma", "--json", "--assumed")
    told = json.loads(text)
    assert (code, told["norm"], told["clients"]) == (0, "srs-3-total|assumed-1", 60)
    assert set(told["rules"]["ewma"]["auc"]) == {"value", "low", "high"}


def test_missing_file_is_named(tmp_path, capsys):
    code, _ = _run(tmp_path)
    assert code == 2
    assert capsys.readouterr().err == "DIR: norms.json: the whole file: cannot be read\n"
