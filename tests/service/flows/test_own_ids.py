"""The id of a response follows from what its sender calls it; where that is taken, it is a random one."""

from fhir_mappings.filled import Identifier
from service.flows.correct_response import correct_response
from service.flows.own_ids import id_by_form, id_by_identifier
from service.flows.record_response import record_response
from tests.service.build import a_deployment, a_response, an_access
from tests.service.flows.taking_in import a_clinic


def record(deployment, **changes):
    return record_response(deployment, a_response(**changes), an_access()).filled.id


def test_a_database_that_was_lost_whole_gives_the_same_id_again(tmp_path):
    ids = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        deployment = a_deployment(tmp_path / name)
        ids.add(record(deployment))
        deployment.database.close()

    assert ids == {id_by_identifier("default", "urn:clinic:north", "r-7")}


def test_an_identifier_that_was_given_up_makes_no_second_response_of_that_id(deployment):
    first = record(deployment)
    other = a_response(identifier=Identifier("urn:clinic:north", "r-8"))
    correct_response(deployment, first, 1, other, an_access("U"))
    second = record(deployment, session=9, identifier=Identifier("urn:clinic:north", "r-7"))

    assert second != first


def test_what_has_no_identifier_gets_a_random_id(deployment):
    ids = {record(deployment, session=number, identifier=None) for number in (1, 2)}

    assert len(ids) == 2


def test_a_form_out_of_the_ehr_is_known_by_its_id_there(tmp_path):
    with a_clinic(tmp_path) as clinic:
        clinic.fill("e-1")
        clinic.poll()
        assert clinic.taken().id == id_by_form("default", "ehr", "e-1")


def test_clinics_and_parts_of_a_name_are_told_apart():
    assert id_by_identifier("a", "b|c", "d") != id_by_identifier("a", "b", "c|d")
    assert id_by_identifier("a", "b", "c") != id_by_identifier("b", "b", "c")
