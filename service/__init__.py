"""The service: doors above, flows in the middle, store, EHR and alliance below."""

VERSION = "0.1.0"
