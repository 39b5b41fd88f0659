"""The doors: FHIR and plain JSON, health, and what stands before both. Nothing is decided here."""
