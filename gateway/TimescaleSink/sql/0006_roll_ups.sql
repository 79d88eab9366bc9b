-- Roll-ups of a minute and of an hour that follow late and back-filled readings, and retention that spares them.

-- Which minutes got rows: written in the transaction of the rows, so that neither is there without the other.
CREATE TABLE rollup_pending (
  minute     timestamptz NOT NULL,
  device_id  text
);
CREATE INDEX rollup_pending_minute ON rollup_pending (minute);
COMMENT ON TABLE rollup_pending IS 'minutes to be rolled up anew: of one device, or (null) of all';

CREATE TABLE rollup_state (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  kept_by         text NOT NULL DEFAULT 'martlet' CHECK (kept_by IN ('martlet', 'timescaledb')),
  retired_before  timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO rollup_state DEFAULT VALUES;
COMMENT ON COLUMN rollup_state.kept_by IS 'who rolls up and retires: a gateway, or TimescaleDB''s own policies';
COMMENT ON COLUMN rollup_state.retired_before IS 'readings before this were deleted; what comes later for that time is added to the roll-ups';

-- Sums and counts, so that late readings can be added when the others are gone.
CREATE TABLE rollup_minute (
  bucket             timestamptz NOT NULL,
  device_id          text NOT NULL,
  readings           bigint NOT NULL,
  temperature_count  bigint NOT NULL,
  temperature_sum    double precision NOT NULL,
  temperature_min    double precision,
  temperature_max    double precision,
  humidity_count     bigint NOT NULL,
  humidity_sum       double precision NOT NULL,
  humidity_min       double precision,
  humidity_max       double precision,
  pressure_count     bigint NOT NULL,
  pressure_sum       double precision NOT NULL,
  pressure_min       double precision,
  pressure_max       double precision,
  motions            bigint NOT NULL,
  switches           bigint NOT NULL,
  PRIMARY KEY (device_id, bucket)
);
CREATE TABLE rollup_hour (LIKE rollup_minute INCLUDING ALL);

DO $do$
DECLARE
  home text;
BEGIN
  SELECT n.nspname INTO home
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb';
  IF home IS NOT NULL THEN
    EXECUTE format(
      'SELECT %1$I.create_hypertable(%2$L::regclass, %1$I.by_range(%3$L, INTERVAL ''30 days''),'
      ' create_default_indexes => false)', home, 'rollup_minute', 'bucket');
    EXECUTE format(
      'SELECT %1$I.create_hypertable(%2$L::regclass, %1$I.by_range(%3$L, INTERVAL ''365 days''),'
      ' create_default_indexes => false)', home, 'rollup_hour', 'bucket');
  END IF;
END
$do$;

-- What people and panels read. A minute is here when it is over.
CREATE VIEW sensor_data_1m AS
SELECT
  bucket,
  device_id,
  readings,
  temperature_sum / nullif(temperature_count, 0) AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0) AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0) AS pressure,
  pressure_min,
  pressure_max,
  motions,
  switches
FROM rollup_minute;

CREATE VIEW sensor_data_1h AS
SELECT
  bucket,
  device_id,
  readings,
  temperature_sum / nullif(temperature_count, 0) AS temperature,
  temperature_min,
  temperature_max,
  humidity_sum / nullif(humidity_count, 0) AS humidity,
  humidity_min,
  humidity_max,
  pressure_sum / nullif(pressure_count, 0) AS pressure,
  pressure_min,
  pressure_max,
  motions,
  switches
FROM rollup_hour;

COMMENT ON VIEW sensor_data_1m IS 'readings by the minute: mean, lowest, highest, events; stays when readings are retired';
COMMENT ON VIEW sensor_data_1h IS 'readings by the hour, UTC: mean, lowest, highest, events; stays when readings are retired';

INSERT INTO rollup_pending
SELECT DISTINCT date_bin('1 minute', "timestamp", 'epoch'), NULL::text FROM sensor_data;

-- Reckons the minutes from one moment up to another, of one device or (null) of all. Adding: what is in sensor_data comes on top
-- of what the roll-up has, because the earlier readings are retired.
CREATE FUNCTION rollup_reckon(
  asked_from timestamptz, asked_to timestamptz, asked_device text, adding boolean
) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  hour_from CONSTANT timestamptz := date_bin('1 hour', asked_from, 'epoch');
  hour_to   CONSTANT timestamptz := date_bin('1 hour', asked_to + INTERVAL '59 minutes 59.999999 seconds', 'epoch');
BEGIN
  -- Put together, so that the planner knows the bounds and leaves out other chunks.
  EXECUTE '
    INSERT INTO rollup_minute AS r (bucket, device_id,
      readings, temperature_count, temperature_sum, temperature_min, temperature_max, humidity_count, humidity_sum, humidity_min, humidity_max, pressure_count, pressure_sum, pressure_min, pressure_max, motions, switches)
    SELECT date_bin(''1 minute'', s."timestamp", ''epoch''), s.device_id,
      count(*),
      count(temperature), coalesce(sum(temperature), 0), min(temperature), max(temperature),
      count(humidity), coalesce(sum(humidity), 0), min(humidity), max(humidity),
      count(pressure), coalesce(sum(pressure), 0), min(pressure), max(pressure),
      count(*) FILTER (WHERE event_type = ''motion''), count(*) FILTER (WHERE event_type = ''switch'')
    FROM sensor_data s
    WHERE s."timestamp" >= $1 AND s."timestamp" < $2' ||
    CASE WHEN asked_device IS NULL THEN '' ELSE ' AND s.device_id = $4' END || '
    GROUP BY 1, 2
    ON CONFLICT (device_id, bucket) DO UPDATE SET
      readings = EXCLUDED.readings + CASE WHEN $3 THEN r.readings ELSE 0 END,
      temperature_count = EXCLUDED.temperature_count + CASE WHEN $3 THEN r.temperature_count ELSE 0 END,
      temperature_sum = EXCLUDED.temperature_sum + CASE WHEN $3 THEN r.temperature_sum ELSE 0 END,
      temperature_min = CASE WHEN $3 THEN least(r.temperature_min, EXCLUDED.temperature_min) ELSE EXCLUDED.temperature_min END,
      temperature_max = CASE WHEN $3 THEN greatest(r.temperature_max, EXCLUDED.temperature_max) ELSE EXCLUDED.temperature_max END,
      humidity_count = EXCLUDED.humidity_count + CASE WHEN $3 THEN r.humidity_count ELSE 0 END,
      humidity_sum = EXCLUDED.humidity_sum + CASE WHEN $3 THEN r.humidity_sum ELSE 0 END,
      humidity_min = CASE WHEN $3 THEN least(r.humidity_min, EXCLUDED.humidity_min) ELSE EXCLUDED.humidity_min END,
      humidity_max = CASE WHEN $3 THEN greatest(r.humidity_max, EXCLUDED.humidity_max) ELSE EXCLUDED.humidity_max END,
      pressure_count = EXCLUDED.pressure_count + CASE WHEN $3 THEN r.pressure_count ELSE 0 END,
      pressure_sum = EXCLUDED.pressure_sum + CASE WHEN $3 THEN r.pressure_sum ELSE 0 END,
      pressure_min = CASE WHEN $3 THEN least(r.pressure_min, EXCLUDED.pressure_min) ELSE EXCLUDED.pressure_min END,
      pressure_max = CASE WHEN $3 THEN greatest(r.pressure_max, EXCLUDED.pressure_max) ELSE EXCLUDED.pressure_max END,
      motions = EXCLUDED.motions + CASE WHEN $3 THEN r.motions ELSE 0 END,
      switches = EXCLUDED.switches + CASE WHEN $3 THEN r.switches ELSE 0 END
    ' USING asked_from, asked_to, adding, asked_device;
  INSERT INTO rollup_hour (bucket, device_id,
    readings, temperature_count, temperature_sum, temperature_min, temperature_max, humidity_count,
    humidity_sum, humidity_min, humidity_max, pressure_count, pressure_sum, pressure_min,
    pressure_max, motions, switches)
  SELECT date_bin('1 hour', m.bucket, 'epoch'), m.device_id,
    sum(readings)::bigint,
    sum(temperature_count)::bigint, sum(temperature_sum), min(temperature_min), max(temperature_max),
    sum(humidity_count)::bigint, sum(humidity_sum), min(humidity_min), max(humidity_max),
    sum(pressure_count)::bigint, sum(pressure_sum), min(pressure_min), max(pressure_max),
    sum(motions)::bigint, sum(switches)::bigint
  FROM rollup_minute m
  WHERE m.bucket >= hour_from AND m.bucket < hour_to AND (asked_device IS NULL OR m.device_id = asked_device)
  GROUP BY 1, 2
  ON CONFLICT (device_id, bucket) DO UPDATE SET
    readings = EXCLUDED.readings,
    temperature_count = EXCLUDED.temperature_count,
    temperature_sum = EXCLUDED.temperature_sum,
    temperature_min = EXCLUDED.temperature_min,
    temperature_max = EXCLUDED.temperature_max,
    humidity_count = EXCLUDED.humidity_count,
    humidity_sum = EXCLUDED.humidity_sum,
    humidity_min = EXCLUDED.humidity_min,
    humidity_max = EXCLUDED.humidity_max,
    pressure_count = EXCLUDED.pressure_count,
    pressure_sum = EXCLUDED.pressure_sum,
    pressure_min = EXCLUDED.pressure_min,
    pressure_max = EXCLUDED.pressure_max,
    motions = EXCLUDED.motions,
    switches = EXCLUDED.switches
  ;
END
$body$;

-- Takes these minutes off the list and reckons them. The marks are taken first: what is marked was committed with its rows.
CREATE FUNCTION rollup_follow(minutes timestamptz[]) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  taken rollup_pending[];
  part  record;
BEGIN
  WITH gone AS (DELETE FROM rollup_pending WHERE minute = ANY (minutes) RETURNING minute, device_id)
  SELECT array_agg(DISTINCT ROW(g.minute, g.device_id)::rollup_pending) INTO taken FROM gone g;
  FOR part IN
    WITH minute AS (
      -- Beyond some devices it is cheaper to read the whole minute.
      SELECT t.minute, bool_or(t.device_id IS NULL) OR count(*) > 20 AS is_whole FROM unnest(taken) t GROUP BY 1
    )
    SELECT NULL::text AS device, unnest(range_agg(tstzrange(m.minute, m.minute + INTERVAL '1 minute'))) AS span
    FROM minute m WHERE m.is_whole
    UNION ALL
    SELECT t.device_id, unnest(range_agg(tstzrange(t.minute, t.minute + INTERVAL '1 minute')))
    FROM unnest(taken) t JOIN minute m USING (minute) WHERE NOT m.is_whole GROUP BY 1
  LOOP
    PERFORM rollup_reckon(lower(part.span), upper(part.span), part.device, false);
  END LOOP;
END
$body$;

-- Reckons up to so many minutes that are over, the newest first. Gives how many.
CREATE FUNCTION rollup_refresh(most integer) RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
  minutes timestamptz[];
BEGIN
  SELECT array_agg(p.minute) INTO minutes FROM (
    SELECT DISTINCT minute FROM rollup_pending
    WHERE minute < date_bin('1 minute', now(), 'epoch') AND minute >= (SELECT retired_before FROM rollup_state)
    ORDER BY minute DESC LIMIT most
  ) p;
  IF minutes IS NULL THEN RETURN 0; END IF;
  PERFORM rollup_follow(minutes);
  RETURN cardinality(minutes);
END
$body$;

-- Deletes the oldest day (a chunk, where there are chunks) that ends before the horizon, once the roll-ups have all of it.
-- Gives what was deleted, or nulls where there is no such day. A plain table needs REPEATABLE READ: the rows and marks that are
-- deleted have to be those that were rolled up. A chunk is locked instead, because dropping it takes what is there.
CREATE FUNCTION sensor_data_retire(
  horizon timestamptz, OUT first timestamptz, OUT last timestamptz, OUT readings bigint
) LANGUAGE plpgsql AS $body$
DECLARE
  home          text;
  chunk         text;
  is_hypertable boolean := false;
BEGIN
  SELECT n.nspname INTO home
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb';
  -- The extension alone is not enough: the table may be older than it. Two steps, or the planner would miss its views without it.
  IF home IS NOT NULL THEN
    is_hypertable := EXISTS (
      SELECT FROM timescaledb_information.hypertables h
      WHERE format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass = 'sensor_data'::regclass);
  END IF;
  IF is_hypertable THEN
    SELECT c.range_start, c.range_end, format('%I.%I', c.chunk_schema, c.chunk_name) INTO first, last, chunk
      FROM timescaledb_information.chunks c
     WHERE format('%I.%I', c.hypertable_schema, c.hypertable_name)::regclass = 'sensor_data'::regclass
       AND c.range_end <= horizon ORDER BY c.range_start LIMIT 1;
    IF chunk IS NULL THEN RETURN; END IF;
    -- Deliveries to it end first, and the next ones find it gone.
    EXECUTE 'LOCK TABLE ' || chunk || ' IN SHARE ROW EXCLUSIVE MODE';
    EXECUTE 'SELECT count(*) FROM ' || chunk INTO readings;
  ELSE
    IF current_setting('transaction_isolation') <> 'repeatable read' THEN
      RAISE EXCEPTION 'sensor_data_retire needs a transaction of level REPEATABLE READ on a plain table';
    END IF;
    SELECT date_bin('1 day', min("timestamp"), 'epoch') INTO first FROM sensor_data WHERE "timestamp" < horizon;
    last := first + INTERVAL '1 day';
    IF first IS NULL OR last > horizon THEN
      first := NULL;
      last := NULL;
      RETURN;
    END IF;
  END IF;

  IF last <= (SELECT retired_before FROM rollup_state) THEN
    -- The day was retired before: all that is here came later.
    DELETE FROM rollup_pending WHERE minute >= first AND minute < last;
    PERFORM rollup_reckon(first, last, NULL, true);
  ELSE
    PERFORM rollup_follow(ARRAY(SELECT DISTINCT minute FROM rollup_pending WHERE minute >= first AND minute < last));
  END IF;
  IF chunk IS NULL THEN
    DELETE FROM sensor_data WHERE "timestamp" >= first AND "timestamp" < last;
    GET DIAGNOSTICS readings = ROW_COUNT;
  ELSE
    EXECUTE format('SELECT %I.drop_chunks(%L::regclass, older_than => $1, newer_than => $2)', home, 'sensor_data')
      USING last, first;
  END IF;
  UPDATE rollup_state SET retired_before = greatest(retired_before, last);
END
$body$;
