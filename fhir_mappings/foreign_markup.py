"""Markup in what others sent: narratives, and texts that an extension gives as XHTML.

It is kept or left out whole and never rewritten, so that what remains is what its sender wrote. FHIR allows a
part of XHTML and forbids all that acts (hl7.org/fhir/R4/narrative.html); beyond that nothing may be fetched
from elsewhere here, and no link may lead away.
"""

import re
from collections.abc import Callable
from html.entities import name2codepoint

# Only text without any <! is parsed below, so no entity can be declared, let alone expanded.
from xml.parsers.expat import ExpatError, ParserCreate

from fhir_mappings.codes import EXTENSION
from fhir_mappings.elements import Json

RENDERING = f"{EXTENSION}/rendering-xhtml"
_XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = frozenset(
    {
        *("a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col"),
        *("colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
        *("i", "img", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup"),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("abbr", "align", "alt", "axis", "bgcolor", "border", "cellpadding", "cellspacing", "class"),
        *("colspan", "dir", "headers", "height", "href", "id", "lang", "name", "rowspan", "rules"),
        *("scope", "span", "src", "style", "summary", "title", "valign", "width"),
        "http://www.w3.org/XML/1998/namespace lang",
    }
)
_WITHIN = re.compile(r"#[\w.:-]*")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
# Neither brackets, slashes nor backslashes: nothing can be called, fetched or hidden.
_STYLE = re.compile(r"[\w\s#%.,:;!'\"-]*", re.ASCII)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def is_harmless(markup: str) -> bool:
    """Return whether a text is one div of FHIR's XHTML that neither acts nor names anything outside itself.

    A comment, CDATA or processing instruction makes it harmful: browsers and XML read them differently.
    """
    if "<!" in markup or "<?" in markup:
        return False
    parser = ParserCreate(namespace_separator=" ")
    found: list[bool] = []

    def look_at(name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        is_place = element == "div" if not found else element in _ELEMENTS
        found.append(
            namespace == _XHTML and is_place and all(_is_harmless(*one) for one in attributes.items())
        )

    parser.StartElementHandler = look_at
    try:
        parser.Parse(_ENTITY.sub(_as_number, markup), True)  # noqa: FBT003 - expat takes it so
    except (ExpatError, ValueError):
        return False
    return all(found)


def without_harmful_markup(resource: Json, narrative: Callable[[], Json]) -> Json:
    """Return a resource without markup that is not harmless; ``narrative`` gives what replaces its own.

    A contained resource loses its narrative, which it should not have, and a text its extension
    ``rendering-xhtml``. All else is as it was, in its order.
    """
    replaced = resource | ({"text": narrative()} if _is_harmful(resource, "text") else {})
    cleaned = _cleaned(replaced)
    return cleaned if isinstance(cleaned, dict) else {}


def _cleaned(node: object) -> object:
    """Return a node without harmful markup; None where nothing is left of it."""
    if isinstance(node, list):
        kept = [new for value in node if (new := _cleaned(value)) is not None]
        return kept or None
    if not isinstance(node, dict):
        return node
    if node.get("url") == RENDERING and not is_harmless(str(node.get("valueString"))):
        return None
    members = {key: _cleaned(value) for key, value in node.items() if not _is_harmful(node, key)}
    return {key: value for key, value in members.items() if value is not None} or None


def _is_harmful(node: Json, key: str) -> bool:
    """Return whether a member of a node is a resource's narrative that must not be shown."""
    if key != "text" or "text" not in node or "resourceType" not in node:
        return False
    text = node["text"]
    return not isinstance(text, dict) or not is_harmless(str(text.get("div")))


def _is_harmless(attribute: str, value: str) -> bool:
    if attribute not in _ATTRIBUTES:
        return False
    if attribute == "href":
        return _WITHIN.fullmatch(value) is not None
    if attribute == "src":
        return _WITHIN.fullmatch(value) is not None or _PICTURE.fullmatch(value) is not None
    return attribute != "style" or _STYLE.fullmatch(value) is not None


def _as_number(entity: re.Match[str]) -> str:
    """Return an entity of HTML as XML reads it: ``&nbsp;`` -> ``&#160;``."""
    name = entity[1]
    known = name in name2codepoint and name not in _XML_ENTITIES
    return f"&#{name2codepoint[name]};" if known else entity[0]
