-- The completeness ledger as the database sees it: several gateways tell what they miss, what is here decides.

UPDATE reading_gap SET outcome = 'open' WHERE outcome IS NULL;
ALTER TABLE reading_gap
  ALTER COLUMN outcome SET NOT NULL,
  ADD CONSTRAINT reading_gap_outcome CHECK (outcome IN ('open', 'repaired', 'lost')),
  ADD CONSTRAINT reading_gap_order CHECK (seq_from <= seq_to);
CREATE INDEX reading_gap_open ON reading_gap (device_id, boot, seq_from) WHERE outcome = 'open';

COMMENT ON COLUMN reading_gap.outcome IS 'open: not here yet; repaired: came after all; lost: will not come, see reason';
COMMENT ON COLUMN reading_gap.reason IS 'of what is lost the hop and the cause, such as device: dropped';

-- A gateway misses the readings asked_from to asked_to of a boot, or (asked_reason not null) knows that they are lost.
-- Looks which of them, and of the gaps they overlap or touch, are in sensor_data, and writes the gaps anew. Safe to
-- repeat, in any order, from several gateways. Gives what of the question is here.
CREATE FUNCTION reading_gap_examine(
  asked_device text, asked_boot bigint, asked_from bigint, asked_to bigint, asked_reason text, asked_at timestamptz
) RETURNS int8multirange LANGUAGE plpgsql AS $body$
DECLARE
  asked    int8multirange := int8multirange(int8range(asked_from, asked_to, '[]'));
  nothing  CONSTANT int8multirange := '{}';
  taken    reading_gap[];
  was_open int8multirange;
  was_lost int8multirange;
  suspect  int8multirange;
  here     int8multirange;
BEGIN
  -- Two gateways on one boot take turns; released at the end of the transaction.
  PERFORM pg_advisory_xact_lock(hashtextextended(asked_device, asked_boot));
  SELECT array_agg(g) INTO taken FROM reading_gap g
   WHERE g.device_id = asked_device AND g.boot = asked_boot
     AND g.seq_from <= asked_to + 1 AND g.seq_to >= asked_from - 1;
  SELECT coalesce(range_agg(int8range(t.seq_from, t.seq_to, '[]')) FILTER (WHERE t.outcome = 'open'), nothing),
         coalesce(range_agg(int8range(t.seq_from, t.seq_to, '[]')) FILTER (WHERE t.outcome = 'lost'), nothing)
    INTO was_open, was_lost FROM unnest(taken) t;
  suspect := asked + was_open + was_lost;
  SELECT coalesce(range_agg(int8range(s.seq, s.seq, '[]')), nothing) * suspect INTO here FROM sensor_data s
   WHERE s.device_id = asked_device AND s.boot = asked_boot
     AND s.seq >= lower(suspect) AND s.seq < upper(suspect);

  CREATE TEMPORARY TABLE IF NOT EXISTS reading_gap_next (
    outcome text, reason text, seqs int8range) ON COMMIT DELETE ROWS;
  DELETE FROM pg_temp.reading_gap_next;
  INSERT INTO pg_temp.reading_gap_next
  SELECT 'open', NULL, unnest(
      suspect - here - was_lost - CASE WHEN asked_reason IS NULL THEN nothing ELSE asked END)
  UNION ALL
  SELECT 'repaired', NULL, unnest(range_agg(part)) FROM (
    SELECT unnest((was_open + was_lost) * here)
    UNION ALL SELECT int8range(t.seq_from, t.seq_to, '[]') FROM unnest(taken) t WHERE t.outcome = 'repaired'
  ) AS repaired (part)
  UNION ALL
  SELECT 'lost', lost.reason, unnest(range_agg(lost.part) - here) FROM (
    SELECT t.reason, int8range(t.seq_from, t.seq_to, '[]') FROM unnest(taken) t WHERE t.outcome = 'lost'
    UNION ALL SELECT asked_reason, unnest(asked - was_lost) WHERE asked_reason IS NOT NULL
  ) AS lost (reason, part) GROUP BY lost.reason;

  -- Most questions change nothing.
  IF EXISTS (
    (SELECT outcome, reason, lower(seqs), upper(seqs) - 1 FROM pg_temp.reading_gap_next
     EXCEPT SELECT t.outcome, t.reason, t.seq_from, t.seq_to FROM unnest(taken) t)
    UNION ALL
    (SELECT t.outcome, t.reason, t.seq_from, t.seq_to FROM unnest(taken) t
     EXCEPT SELECT outcome, reason, lower(seqs), upper(seqs) - 1 FROM pg_temp.reading_gap_next)
  ) THEN
    DELETE FROM reading_gap g USING unnest(taken) t
     WHERE g.device_id = t.device_id AND g.boot = t.boot AND g.seq_from = t.seq_from;
    INSERT INTO reading_gap (device_id, boot, seq_from, seq_to, detected_at, closed_at, outcome, reason)
    SELECT asked_device, asked_boot, lower(n.seqs), upper(n.seqs) - 1,
           coalesce((SELECT min(t.detected_at) FROM unnest(taken) t
                      WHERE int8range(t.seq_from, t.seq_to, '[]') && n.seqs), asked_at),
           CASE WHEN n.outcome <> 'open' THEN coalesce(
             (SELECT max(t.closed_at) FROM unnest(taken) t
               WHERE int8range(t.seq_from, t.seq_to, '[]') @> n.seqs AND t.outcome = n.outcome), now()) END,
           n.outcome, n.reason
      FROM pg_temp.reading_gap_next n;
  END IF;
  RETURN here * asked;
END
$body$;
