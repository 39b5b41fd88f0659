"""Whatever stands in a QuestionnaireResponse, it is read or refused: nothing else is raised."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import ResourceRefused
from fhir_mappings.response import read_response, to_response
from fhir_mappings.structure import check_structure
from tests.builders import NAMES, a_filled, wai_sr
from tests.every_kind import every_kind, filled_kinds

INSTRUMENTS = {**builtin_instruments(), "every-kind": every_kind()}
FILLED = [a_filled(), a_filled(wai_sr()), filled_kinds()]
FORMS = [to_response(one, NAMES) for one in FILLED]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=20)
    | st.sampled_from(["Patient/a", "item-1", "total", "panel", '{"a": 1}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "item",
                    "linkId",
                    "answer",
                    "valueDecimal",
                    "valueCoding",
                    "valueBoolean",
                    "valueString",
                    "code",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def places_in(node, path=()):
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        yield (*path, key)
        yield from places_in(value, (*path, key))


@st.composite
def damaged_responses(draw):
    """Draw a good response of which one place holds something else."""
    resource = copy.deepcopy(draw(st.sampled_from(FORMS)))
    *parents, last = draw(st.sampled_from(list(places_in(resource))))
    node = resource
    for step in parents:
        node = node[step]
    node[last] = draw(json_values)
    return resource


def outcome_of(resource):
    """Return the id of the form that was read, or the faults."""
    try:
        return read_response(resource, INSTRUMENTS, NAMES).instrument.id
    except ResourceRefused as refused:
        return refused.faults


@given(damaged_responses())
def test_a_damaged_response_is_read_or_refused_with_its_faults(resource):
    outcome = outcome_of(resource)
    assert outcome in INSTRUMENTS or all(one.at and one.reason and one.message for one in outcome)


@given(damaged_responses())
def test_the_structure_of_a_damaged_response_is_judged_without_raising(resource):
    assert {fault.reason for fault in check_structure(resource)} <= {"structure"}
