-- What gateways remember in the database, in the same transaction as the rows it speaks of.

CREATE TABLE gateway_cursor (
  gateway     text NOT NULL,
  journal     text NOT NULL,
  sink        text NOT NULL,
  last_id     bigint NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway, journal, sink)
);

COMMENT ON TABLE gateway_cursor IS 'up to which entry of a gateway''s journal everything is in sensor_data';
COMMENT ON COLUMN gateway_cursor.journal IS 'the journal''s own id: a new journal counts from 1 again';

CREATE TABLE device_boot (
  device_id     text NOT NULL,
  boot          bigint NOT NULL,
  epoch_offset  timestamptz NOT NULL,
  PRIMARY KEY (device_id, boot)
);

COMMENT ON TABLE device_boot IS 'the moment a boot''s uptime counts from, for readings without wall time; the first writer decides';

CREATE TABLE reading_gap (
  device_id    text NOT NULL,
  boot         bigint NOT NULL,
  seq_from     bigint NOT NULL,
  seq_to       bigint NOT NULL,
  detected_at  timestamptz NOT NULL DEFAULT now(),
  closed_at    timestamptz,
  outcome      text,
  reason       text,
  PRIMARY KEY (device_id, boot, seq_from)
);

COMMENT ON TABLE reading_gap IS 'readings known to be missing, and what became of them';
