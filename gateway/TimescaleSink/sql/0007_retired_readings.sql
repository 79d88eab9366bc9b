-- A reading that comes again after its day was retired is not added to the roll-ups a second time.

-- Of version 2, which count their readings: a boot is one stretch and what is missing in it.
CREATE TABLE retired_reading (
  device_id  text NOT NULL,
  boot       bigint NOT NULL,
  seqs       int8multirange NOT NULL,
  PRIMARY KEY (device_id, boot)
);
COMMENT ON TABLE retired_reading IS 'readings of retired days that the roll-ups have: from this version of the schema on';

-- As before, and of what comes for a day that is gone already: what the roll-ups have is told apart and left out. Readings of
-- version 1 have a hash for a number: keeping those would cost more than the roll-ups do. A late one is as likely as a
-- repeated one, and neither is added: they are counted in `unknown`.
DROP FUNCTION sensor_data_retire(timestamptz);
CREATE FUNCTION sensor_data_retire(
  horizon timestamptz, OUT first timestamptz, OUT last timestamptz, OUT readings bigint, OUT repeated bigint, OUT unknown bigint
) LANGUAGE plpgsql AS $body$
DECLARE
  home          text;
  chunk         text;
  is_hypertable boolean := false;
BEGIN
  repeated := 0;
  unknown := 0;
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
    SELECT count(*) INTO readings FROM sensor_data WHERE "timestamp" >= first AND "timestamp" < last;
  END IF;

  IF last <= (SELECT retired_before FROM rollup_state) THEN
    -- The day was retired before: all that is here came later.
    DELETE FROM rollup_pending WHERE minute >= first AND minute < last;
    EXECUTE '
      DELETE FROM sensor_data s USING retired_reading r
      WHERE s."timestamp" >= $1 AND s."timestamp" < $2
        AND r.device_id = s.device_id AND r.boot = s.boot AND r.seqs @> s.seq' USING first, last;
    GET DIAGNOSTICS repeated = ROW_COUNT;
    EXECUTE 'DELETE FROM sensor_data WHERE "timestamp" >= $1 AND "timestamp" < $2 AND boot < 0' USING first, last;
    GET DIAGNOSTICS unknown = ROW_COUNT;
    PERFORM rollup_reckon(first, last, NULL, true);
  ELSE
    PERFORM rollup_follow(ARRAY(SELECT DISTINCT minute FROM rollup_pending WHERE minute >= first AND minute < last));
  END IF;

  -- Neighbouring numbers have the same distance from their rank.
  EXECUTE '
    INSERT INTO retired_reading AS known (device_id, boot, seqs)
    SELECT device_id, boot, range_agg(stretch) FROM (
      SELECT device_id, boot, int8range(min(seq), max(seq), ''[]'') AS stretch FROM (
        SELECT device_id, boot, seq, seq - dense_rank() OVER (PARTITION BY device_id, boot ORDER BY seq) AS distance
        FROM sensor_data WHERE "timestamp" >= $1 AND "timestamp" < $2 AND boot >= 0) numbered
      GROUP BY device_id, boot, distance) stretches
    GROUP BY device_id, boot
    ON CONFLICT (device_id, boot) DO UPDATE SET seqs = known.seqs + EXCLUDED.seqs' USING first, last;

  IF chunk IS NULL THEN
    EXECUTE 'DELETE FROM sensor_data WHERE "timestamp" >= $1 AND "timestamp" < $2' USING first, last;
  ELSE
    EXECUTE format('SELECT %I.drop_chunks(%L::regclass, older_than => $1, newer_than => $2)', home, 'sensor_data')
      USING last, first;
  END IF;
  UPDATE rollup_state SET retired_before = greatest(retired_before, last);
END
$body$;
COMMENT ON COLUMN rollup_state.retired_before IS
  'readings before this were deleted; what comes later for that time is added to the roll-ups, unless they have it';
