"""The clinic's EHR: what it can, how to talk to it, when to try again."""
