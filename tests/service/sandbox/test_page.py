from tests.service.sandbox.build import observation, response


def test_the_page_lists_the_resources_of_a_patient(caller):
    patient = caller.patient()
    caller.create(response(patient))

    page = caller.http.get("/").text

    assert f"<h2>{patient}</h2>" in page
    assert ">QuestionnaireResponse</a>" in page


def test_what_was_sent_cannot_become_markup(caller):
    caller.create(observation(caller.patient(), code={"text": "<script>alert(1)</script>"}))

    answer = caller.http.get("/")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_odd_resources_do_not_break_the_page(caller):
    caller.create({"resourceType": "Observation", "code": "odd", "subject": ["odd"]})

    assert caller.http.get("/").status_code == 200


def test_the_counts_tell_how_many_of_each_type(caller):
    patient = caller.patient()
    caller.create(observation(patient, "1"))
    caller.create(observation(patient, "2"))

    assert caller.http.get("/counts").json() == {"Observation": 2, "Patient": 1}
