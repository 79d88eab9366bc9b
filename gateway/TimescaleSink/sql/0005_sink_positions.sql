-- What a gateway has delivered beyond its cursor, and of which life of its journal the cursor speaks.

ALTER TABLE gateway_cursor
  ADD COLUMN ahead   int8multirange NOT NULL DEFAULT '{}',
  ADD COLUMN session text;

COMMENT ON COLUMN gateway_cursor.ahead IS 'entries beyond last_id that are here: after an outage new readings come first, and the backlog behind them';
COMMENT ON COLUMN gateway_cursor.session IS 'the opening of the journal that wrote this; an older copy of the journal, put back, does not know it';
