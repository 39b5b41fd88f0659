import pytest

from fhir_mappings.elements import narrative
from fhir_mappings.foreign_markup import RENDERING, is_harmless, without_harmful_markup

OURS = narrative("Ours")


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "plain &amp; simple, caf&eacute;&nbsp;",
        "<p class='x' style='color: #ff0000; width: 50%'>a<br/>b</p>",
        "<table border='1'><tbody><tr><td colspan='2'>1</td></tr></tbody></table>",
        "<a name='top'/><a href='#top'>up</a>",
        "<img alt='dot' src='data:image/png;base64,iVBORw0KGgo='/>",
        "<p lang='de' xml:lang='de'>Wort</p>",
    ],
)
def test_what_fhir_allows_is_harmless(inside):
    assert is_harmless(div(inside))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<p onclick='alert(1)'>a</p>",
        "<a href='https://elsewhere.example/'>a</a>",
        "<a href='javascript:alert(1)'>a</a>",
        "<a href='#x&#10;javascript:alert(1)'>a</a>",
        "<img src='https://elsewhere.example/pixel.png'/>",
        "<img src='data:image/svg+xml;base64,PHN2Zy8+'/>",
        "<p style='background: url(https://elsewhere.example/)'>a</p>",
        "<p style='background: u\\72l(x)'>a</p>",
        "<style>p {}</style>",
        "<iframe src='#x'/>",
        "<form><input name='a'/></form>",
        "<svg xmlns='http://www.w3.org/2000/svg'><a/></svg>",
        "<svg:p xmlns:svg='http://www.w3.org/2000/svg'/>",
        "<![CDATA[ > <script>alert(1)</script> ]]>",
        "<!-- --><p/>",
        "<?php ?>",
        "<p>",
        "&unknown;",
    ],
)
def test_what_acts_or_leads_elsewhere_is_not(inside):
    assert not is_harmless(div(inside))


@pytest.mark.parametrize(
    "markup",
    ["", "text", "<div>no namespace</div>", '<p xmlns="http://www.w3.org/1999/xhtml"/>', "\ud800", "\x00"],
)
def test_a_narrative_is_one_div(markup):
    assert not is_harmless(markup)


def test_entities_cannot_be_declared():
    assert not is_harmless(f'<!DOCTYPE div [<!ENTITY a "b">]>{div("&a;")}')


def test_a_harmful_narrative_is_replaced_in_its_place():
    resource = {"resourceType": "X", "text": {"status": "additional", "div": div("<script/>")}, "status": "y"}

    cleaned = without_harmful_markup(resource, lambda: OURS)

    assert list(cleaned.items()) == [("resourceType", "X"), ("text", OURS), ("status", "y")]


def test_a_harmless_resource_stays_as_it_is():
    text = {"status": "generated", "div": div("<p>a</p>"), "extension": [{"url": "u", "valueString": "<b>"}]}
    resource = {"resourceType": "X", "text": text, "item": [{"text": "<script> is a word here"}]}

    assert without_harmful_markup(resource, lambda: OURS) == resource


def test_a_contained_resource_loses_its_harmful_narrative():
    inside = {"resourceType": "Y", "id": "1", "text": {"status": "generated", "div": div("<script/>")}}

    cleaned = without_harmful_markup({"resourceType": "X", "contained": [inside]}, lambda: OURS)

    assert cleaned["contained"] == [{"resourceType": "Y", "id": "1"}]


def test_a_text_loses_its_harmful_rendering_and_keeps_its_others():
    other = {"url": "https://other.example/x", "valueString": "y"}
    harmful = {"url": RENDERING, "valueString": "<b onclick='x'>a</b>"}
    items = [
        {"text": "a", "_text": {"extension": [harmful, other]}},
        {"text": "b", "_text": {"extension": [harmful]}},
    ]

    cleaned = without_harmful_markup({"resourceType": "X", "item": items}, lambda: OURS)

    assert cleaned["item"] == [{"text": "a", "_text": {"extension": [other]}}, {"text": "b"}]
