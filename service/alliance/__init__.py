"""PURE: how an alliance moves, and whether it may be under strain. No network, database, clock or log."""
