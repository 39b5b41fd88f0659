"""Our own files may not grow: what the service then says, and that it goes on by itself afterwards."""

import resource

import httpx

from fhir_mappings import json_text
from service.sandbox import seed_database
from tests.demo_clinic import seed_bundle, submission
from tests.system.chart import Chart
from tests.system.children import SandboxEhr, Service
from tests.system.exactly_once import find_differences, wait_until_delivered
from tests.system.people import clinic_called, latest
from tests.system.sending import send_all

JSON = {"Content-Type": "application/json"}
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_service_whose_files_cannot_grow_says_so_and_goes_on_afterwards(tmp_path):
    """Database and log alike: a worker that cannot even log must live on."""
    people = clinic_called("no-space", clients=6, seed=83)
    ehr = SandboxEhr(tmp_path, surface="everything")
    seed_database(str(ehr.database), seed_bundle(people))
    with ehr, Service(tmp_path, ehr_base_url=ehr.fhir, ehr_name="ehr") as service, Chart(ehr.fhir) as chart:
        first, *others = latest(people, 12)
        body = json_text.dumps(submission(first))
        sent = send_all(service.base_url, others)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        refused = httpx.post(f"{service.base_url}/v1/responses", content=body, headers=JSON, timeout=60)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        sent += send_all(service.base_url, [first])
        wait_until_delivered(service.base_url)

        assert refused.status_code in {503, 507}
        assert refused.json()["detail"].endswith("Send the request again later.")
        assert find_differences(chart, service.base_url, sent) == []
