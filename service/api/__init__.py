"""The doors: FHIR, plain JSON, health."""
