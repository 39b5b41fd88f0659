"""The FHIR door, R4, at ``/fhir``. ``offered.py`` is the one table of what it offers: routes and metadata."""
