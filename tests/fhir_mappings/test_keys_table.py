import runpy
import sys
from dataclasses import replace
from importlib import resources

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import Condition
from fhir_mappings.keys_table import keys_page

SRS = shipped_instruments()["srs-3"]


def page_of(**changes) -> str:
    return keys_page({"srs-3": replace(SRS, **changes)})


def test_the_page_in_the_package_is_the_one_that_the_files_give():
    page = (resources.files("fhir_mappings") / "instruments" / "KEYS.md").read_text(encoding="utf-8")
    assert page == keys_page(shipped_instruments())


def test_running_the_module_writes_the_page(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "fhir_mappings.keys_table")
    runpy.run_module("fhir_mappings.keys_table", run_name="__main__")
    assert capsys.readouterr().out == keys_page(shipped_instruments())


def test_a_reversed_item_is_marked():
    assert "| item-10 | Differ on problems | 1 to 7 by 1, Never to Always | reversed | goal" in keys_page(
        shipped_instruments()
    )


def test_a_bar_in_a_text_does_not_break_the_table():
    items = (replace(SRS.items[0], text="heard | respected"), *SRS.items[1:])
    assert r"| item-1 | heard \| respected |" in page_of(all_items=items)


def test_a_condition_on_a_flag_or_a_choice_is_told():
    first, second, *_ = SRS.items
    items = (
        replace(first, enabled_when=Condition("asked", value=False)),
        replace(second, enabled_when=Condition("mood", value="low")),
    )
    page = page_of(all_items=items)
    assert "only when asked is no" in page
    assert "only when mood is low" in page


def test_a_limit_says_whether_it_belongs():
    fall = replace(SRS.cut_offs[2], inclusive=False, age_to=17)
    page = page_of(cut_offs=(SRS.cut_offs[2], fall))
    assert "| total fell by at least 1.0 | all |" in page
    assert "| total fell by more than 1.0 | 0 to 17 |" in page
