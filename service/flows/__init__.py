"""One verb-named module per use case."""
