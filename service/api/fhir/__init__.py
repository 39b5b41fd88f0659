"""The FHIR door: `/fhir`."""
