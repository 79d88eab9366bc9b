-- What the community edition of TimescaleDB does by itself: continuous aggregates in place of our roll-ups, compression, retention.
-- Run by a gateway where `SHOW timescaledb.license` says timescale; statement by statement, an empty line between two.
-- :since is how far back late readings are followed, :retention how long readings are kept.

CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_minute_kept
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 minute', "timestamp") AS bucket, device_id,
  count(*) AS readings,
  count(temperature) AS temperature_count,
  coalesce(sum(temperature), 0) AS temperature_sum,
  min(temperature) AS temperature_min,
  max(temperature) AS temperature_max,
  count(humidity) AS humidity_count,
  coalesce(sum(humidity), 0) AS humidity_sum,
  min(humidity) AS humidity_min,
  max(humidity) AS humidity_max,
  count(pressure) AS pressure_count,
  coalesce(sum(pressure), 0) AS pressure_sum,
  min(pressure) AS pressure_min,
  max(pressure) AS pressure_max,
  count(*) FILTER (WHERE event_type = 'motion') AS motions,
  count(*) FILTER (WHERE event_type = 'switch') AS switches
FROM sensor_data GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_hour_kept
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 hour', bucket) AS bucket, device_id,
  sum(readings) AS readings,
  sum(temperature_count) AS temperature_count,
  sum(temperature_sum) AS temperature_sum,
  min(temperature_min) AS temperature_min,
  max(temperature_max) AS temperature_max,
  sum(humidity_count) AS humidity_count,
  sum(humidity_sum) AS humidity_sum,
  min(humidity_min) AS humidity_min,
  max(humidity_max) AS humidity_max,
  sum(pressure_count) AS pressure_count,
  sum(pressure_sum) AS pressure_sum,
  min(pressure_min) AS pressure_min,
  max(pressure_max) AS pressure_max,
  sum(motions) AS motions,
  sum(switches) AS switches
FROM rollup_minute_kept GROUP BY 1, 2
WITH NO DATA;

CREATE OR REPLACE VIEW sensor_data_1m AS
SELECT
  bucket,
  device_id,
  readings::bigint AS readings,
  temperature_sum / nullif(temperature_count, 0)::bigint AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0)::bigint AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0)::bigint AS pressure,
  pressure_min,
  pressure_max,
  motions::bigint AS motions,
  switches::bigint AS switches
FROM rollup_minute_kept
WHERE bucket >= (SELECT retired_before FROM rollup_state)
UNION ALL
SELECT
  bucket,
  device_id,
  readings::bigint AS readings,
  temperature_sum / nullif(temperature_count, 0)::bigint AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0)::bigint AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0)::bigint AS pressure,
  pressure_min,
  pressure_max,
  motions::bigint AS motions,
  switches::bigint AS switches
FROM rollup_minute
WHERE bucket < (SELECT retired_before FROM rollup_state);

CREATE OR REPLACE VIEW sensor_data_1h AS
SELECT
  bucket,
  device_id,
  readings::bigint AS readings,
  temperature_sum / nullif(temperature_count, 0)::bigint AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0)::bigint AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0)::bigint AS pressure,
  pressure_min,
  pressure_max,
  motions::bigint AS motions,
  switches::bigint AS switches
FROM rollup_hour_kept
WHERE bucket >= (SELECT retired_before FROM rollup_state)
UNION ALL
SELECT
  bucket,
  device_id,
  readings::bigint AS readings,
  temperature_sum / nullif(temperature_count, 0)::bigint AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0)::bigint AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0)::bigint AS pressure,
  pressure_min,
  pressure_max,
  motions::bigint AS motions,
  switches::bigint AS switches
FROM rollup_hour
WHERE bucket < (SELECT retired_before FROM rollup_state);

UPDATE rollup_state SET kept_by = 'timescaledb';

DELETE FROM rollup_pending;

SELECT remove_continuous_aggregate_policy('rollup_minute_kept', if_exists => true);

SELECT add_continuous_aggregate_policy('rollup_minute_kept', start_offset => :since,
  end_offset => INTERVAL '1 minute', schedule_interval => INTERVAL '1 minute');

SELECT remove_continuous_aggregate_policy('rollup_hour_kept', if_exists => true);

SELECT add_continuous_aggregate_policy('rollup_hour_kept', start_offset => :since,
  end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '5 minutes');

ALTER TABLE sensor_data SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
  timescaledb.compress_orderby = '"timestamp" DESC, boot, seq');

SELECT add_compression_policy('sensor_data', compress_after => INTERVAL '7 days', if_not_exists => true);

SELECT remove_retention_policy('sensor_data', if_exists => true);

SELECT add_retention_policy('sensor_data', drop_after => :retention);
