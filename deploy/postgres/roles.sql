-- Roles of a hall's database, least privilege each. Run it once, in the hall's own database, as a
-- superuser; then `hall database apply` as hall_owner makes the tables, and views.sql opens the views.
-- How each role proves itself (password, certificate, peer) is pg_hba.conf's affair, not this file's.

-- Owns the tables: `hall database apply`, `hall rebuild`. No worker runs as it.
CREATE ROLE hall_owner LOGIN;
-- Workers (`hall worker`): rows of every table, no table itself.
CREATE ROLE hall_worker LOGIN;
-- API nodes and pages (`hall serve` of the Kafka edition): read only.
CREATE ROLE hall_reader LOGIN;
-- Analysts: the documented views and nothing behind them.
CREATE ROLE hall_analyst LOGIN;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO hall_owner;
GRANT USAGE ON SCHEMA public TO hall_worker, hall_reader, hall_analyst;

DO $$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  -- Large batches pass through a temporary table (COPY), so workers and the owner may make such.
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO hall_owner, hall_worker', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO hall_reader, hall_analyst', current_database());
END
$$;

-- Tables that a rebuild makes anew are open to the same roles from their first moment.
ALTER DEFAULT PRIVILEGES FOR ROLE hall_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hall_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE hall_owner IN SCHEMA public
  GRANT SELECT ON TABLES TO hall_reader;

-- A query of an analyst may not keep the hall waiting.
ALTER ROLE hall_analyst SET statement_timeout = '5min';
ALTER ROLE hall_analyst SET idle_in_transaction_session_timeout = '1min';
ALTER ROLE hall_analyst SET default_transaction_read_only = on;
