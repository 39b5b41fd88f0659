"""What an operation was sent: a Parameters resource, or the resource in question itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappings.errors import Fault
from service.api.bodies import JsonBody
from service.errors import FaultsInRequest

PARAMETERS = "Parameters"
AT = "Parameters.parameter"


@dataclass(frozen=True, slots=True)
class OperationInput:
    """The parameters by name; of a name that is repeated the first."""

    parameters: Mapping[str, dict[str, Any]]

    def resource(self, name: str) -> dict[str, Any] | None:
        """Return the resource in a parameter, or None."""
        found = self.parameters.get(name, {}).get("resource")
        return found if isinstance(found, dict) else None

    def text(self, name: str) -> str | None:
        """Return the code, URI, canonical or string in a parameter, or None."""
        values = self.parameters.get(name, {})
        kinds = ("valueCode", "valueUri", "valueCanonical", "valueString")
        return next((values[kind] for kind in kinds if isinstance(values.get(kind), str)), None)

    def required_resource(self, name: str) -> dict[str, Any]:
        """Return the resource in a parameter; raises ``FaultsInRequest`` (400) where there is none."""
        found = self.resource(name)
        if found is None:
            fault = Fault(place(name), "required", "must hold the resource")
            raise FaultsInRequest([fault], status=400)
        return found


def place(name: str) -> str:
    """Return the FHIRPath of a parameter."""
    return f"{AT}.where(name='{name}')"


def read_input(body: JsonBody, bare: str) -> OperationInput:
    """Return what was sent; a body that is no Parameters resource counts as the parameter ``bare``.

    Raises ``FaultsInRequest`` (400) for Parameters that cannot be read.
    """
    if body.value.get("resourceType") != PARAMETERS:
        return OperationInput({bare: {"resource": body.value}})
    listed = body.value.get("parameter", [])
    faults = []
    if not isinstance(listed, list):
        listed, faults = [], [Fault(AT, "structure", "must be a list")]
    for place_in_list, one in enumerate(listed):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            faults.append(Fault(f"{AT}[{place_in_list}].name", "structure", "is required"))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return OperationInput({one["name"]: one for one in reversed(listed)})
