-- Every reading, in SI units. A hypertable by time where TimescaleDB is at hand, a plain table otherwise.

CREATE TABLE sensor_data (
  "timestamp"  timestamptz NOT NULL,
  device_id    text NOT NULL,
  event_type   text,
  temperature  double precision,
  humidity     double precision,
  pressure     double precision,
  motion       boolean,
  "switch"     boolean,
  boot         bigint NOT NULL,
  seq          bigint NOT NULL,
  sensor_type  text,
  quality      text,
  wifi_rssi    smallint,
  uptime_ms    bigint,
  received_at  timestamptz,
  time_source  text,
  gateway      text,
  extra        jsonb
);

COMMENT ON TABLE sensor_data IS 'Readings of the sensor boards, each exactly once';
COMMENT ON COLUMN sensor_data."timestamp" IS 'when the reading was taken; fixed at its first arrival, so that a redelivery meets the same row';
COMMENT ON COLUMN sensor_data.temperature IS 'degrees Celsius';
COMMENT ON COLUMN sensor_data.humidity IS 'percent relative humidity';
COMMENT ON COLUMN sensor_data.pressure IS 'hectopascals';
COMMENT ON COLUMN sensor_data.motion IS 'the motion input is high; null: unknown';
COMMENT ON COLUMN sensor_data."switch" IS 'the switch input is high; null: unknown';
COMMENT ON COLUMN sensor_data.boot IS 'the device''s count of starts; -1 for a payload of version 1';
COMMENT ON COLUMN sensor_data.seq IS 'the count within the boot; for a payload of version 1 a 63-bit hash of its bytes';
COMMENT ON COLUMN sensor_data.quality IS 'ok, or why values are null';
COMMENT ON COLUMN sensor_data.wifi_rssi IS 'dBm';
COMMENT ON COLUMN sensor_data.time_source IS 'device, derived (uptime and the boot''s offset) or received';
COMMENT ON COLUMN sensor_data.gateway IS 'the gateway that delivered it';
COMMENT ON COLUMN sensor_data.extra IS 'what the payload carries beyond the columns; version is the firmware''s';

DO $do$
DECLARE
  home text;
BEGIN
  -- The loader's settings exist only where the library is preloaded; without it CREATE EXTENSION ends the session.
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
    AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
    AND EXISTS (SELECT FROM pg_settings WHERE name = 'timescaledb.disable_load')
  THEN
    BEGIN
      CREATE EXTENSION timescaledb;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'no right to create the extension timescaledb: %', SQLERRM;
    END;
  END IF;

  SELECT n.nspname INTO home
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb';
  IF home IS NULL THEN
    RAISE WARNING 'TimescaleDB is not available here: sensor_data is a plain table, without chunks by day';
  ELSE
    -- No default index: the ones below serve the queries there are, and each index costs every insert.
    EXECUTE format(
      'SELECT %1$I.create_hypertable(%2$L::regclass, %1$I.by_range(%3$L, INTERVAL ''1 day''),'
      ' create_default_indexes => false, if_not_exists => true)',
      home, 'sensor_data', 'timestamp');
  END IF;
END
$do$;

-- Once each: a reading's identity. A unique index of a hypertable has to contain the partitioning column.
CREATE UNIQUE INDEX sensor_data_identity ON sensor_data (device_id, boot, seq, "timestamp");
-- One device over a time, and its last row.
CREATE INDEX sensor_data_device_time ON sensor_data (device_id, "timestamp" DESC);
-- All devices over a time: rows arrive nearly in order of time, so block ranges serve and cost next to nothing.
CREATE INDEX sensor_data_time ON sensor_data USING brin ("timestamp");
