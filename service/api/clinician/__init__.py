"""The clinician's page: people sign in, look at a dyad, and move its alert."""
