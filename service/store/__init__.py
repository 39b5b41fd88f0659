"""Tables, queries and migrations: the only user of SQLAlchemy."""
