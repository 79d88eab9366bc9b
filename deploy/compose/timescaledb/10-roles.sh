#!/bin/bash
# Run once by the image, when the data directory is new: the roles of the gateway and of Grafana.
set -euo pipefail
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set gateway_password `cat /run/secrets/database-password`
\set grafana_password `cat /run/secrets/grafana-database-password`
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS timescaledb;
-- Owns the tables: martlet migrate and the gateway run as it.
CREATE ROLE iotuser LOGIN PASSWORD :'gateway_password';
-- Reads, at most 30 seconds a query: a dashboard never holds the gateway up.
CREATE ROLE grafana LOGIN PASSWORD :'grafana_password' CONNECTION LIMIT 20;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO iotuser;
GRANT USAGE ON SCHEMA public TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE iotuser IN SCHEMA public GRANT SELECT ON TABLES TO grafana;
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO iotuser', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO grafana', current_database()) \gexec
SQL
