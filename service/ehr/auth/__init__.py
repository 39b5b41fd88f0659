"""How the service signs in at the EHR: nothing, a fixed token, a password, or tokens of a token endpoint."""
