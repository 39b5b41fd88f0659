"""Plain JSON for callers that do not speak FHIR: `/v1`."""
