"""CDS Hooks 2.0 (cds-hooks.hl7.org/2.0): cards inside the EHR, and what people do with them."""
