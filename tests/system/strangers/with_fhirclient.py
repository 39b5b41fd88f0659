"""SMART's fhirclient at a FHIR door: ``with_fhirclient.py BASE FORMS.json PATIENT`` prints JSON."""

import json
import sys
from pathlib import Path

from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.observation import Observation
from fhirclient.models.questionnaireresponse import QuestionnaireResponse


def main(base: str, forms: Path, patient: str) -> None:
    server = FHIRClient(settings={"app_id": "stranger", "api_base": f"{base}/"}).server
    created = [QuestionnaireResponse(form).create(server)["id"] for form in json.loads(forms.read_text())]
    where = {"patient": patient, "_count": "2"}
    paged = list(QuestionnaireResponse.where(where).perform_resources_iter(server))
    corrected = QuestionnaireResponse.read(created[0], server)
    corrected.item[0].item[0].answer[0].valueDecimal = 1.5
    answered = corrected.update(server)
    history = Bundle(server.request_json(f"QuestionnaireResponse/{created[0]}/_history"))
    score = Observation.where({"patient": patient, "code": "srs-3.total"}).perform_resources(server)[-1]
    found = {
        "created": created,
        "paged": [one.id for one in paged],
        "status": answered["status"],
        "history": [entry.resource.meta.versionId for entry in history.entry],
        "kind_of_score": score.resource_type,
    }
    print(json.dumps(found))  # noqa: T201 - read by the test


main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
