"""fhirpy at a FHIR door: ``with_fhirpy.py BASE FORMS.json PATIENT`` prints what it found, as JSON."""

import json
import sys
from pathlib import Path

from fhirpy import SyncFHIRClient


def main(base: str, forms: Path, patient: str) -> None:
    client = SyncFHIRClient(base)
    created = []
    for form in json.loads(forms.read_text()):
        response = client.resource("QuestionnaireResponse", **form)
        response.save()
        created.append(response["id"])
    paged = client.resources("QuestionnaireResponse").search(patient=patient).limit(2).fetch_all()
    corrected = client.reference("QuestionnaireResponse", created[0]).to_resource()
    corrected["item"][0]["item"][0]["answer"][0]["valueDecimal"] = 1.5
    corrected.save()
    history = corrected.execute("_history", method="get")
    (score,) = client.resources("Observation").search(patient=patient, code="srs-3.total").fetch_all()[-1:]
    found = {
        "created": created,
        "paged": [one["id"] for one in paged],
        "status": corrected["status"],
        "history": [entry["resource"]["meta"]["versionId"] for entry in history["entry"]],
        "kind_of_score": score["resourceType"],
    }
    print(json.dumps(found))  # noqa: T201 - read by the test


main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
