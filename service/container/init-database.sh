# Read by the database's image once, when it makes an empty volume a database: the service's own user, who owns
# the database and is no superuser, so that row-level security holds it to one clinic's rows at a time.
psql --set ON_ERROR_STOP=1 --no-password --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" \
  --set password="$(cat /run/secrets/database-password)" <<'END'
CREATE ROLE alliance LOGIN PASSWORD :'password';
ALTER DATABASE alliance OWNER TO alliance;
END
