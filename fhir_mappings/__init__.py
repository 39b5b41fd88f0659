"""Alliance instruments as data, their scores, and their FHIR resources.

Pure: no network, database, clock, environment or logging. Usable without the service.
"""
