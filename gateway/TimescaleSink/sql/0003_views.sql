-- The readings as people and old programs ask for them.

-- The names and units of the existing fleet: degrees Fahrenheit, inches of mercury, HIGH and LOW.
-- 1 inHg = 33.8638815789 hPa (the conventional 760 mm = 1013.25 hPa, and 25.4 mm an inch).
CREATE VIEW sensor_data_iots6 AS
SELECT
  "timestamp" AS "time",
  device_id,
  event_type,
  round((temperature * 9 / 5 + 32)::numeric, 2)::double precision AS temperature,
  humidity,
  round((pressure / 33.8638815789)::numeric, 2)::double precision AS pressure,
  CASE motion WHEN true THEN 'HIGH' WHEN false THEN 'LOW' ELSE 'UNKNOWN' END AS motion,
  CASE "switch" WHEN true THEN 'HIGH' WHEN false THEN 'LOW' ELSE 'UNKNOWN' END AS "switch",
  sensor_type,
  wifi_rssi,
  uptime_ms / 1000 AS uptime_seconds,
  extra ->> 'fan_pwm' AS fan_pwm,
  extra ->> 'fans_active_level' AS fans_active_level,
  extra ->> 'version' AS version,
  extra ->> 'uptime' AS uptime
FROM sensor_data;

-- The last row of each device. The recursion hops from device to device through the index, and each last row is one
-- look-up: the cost grows with devices, not with rows.
CREATE VIEW device_latest AS
WITH RECURSIVE device AS (
  (SELECT device_id FROM sensor_data ORDER BY device_id LIMIT 1)
  UNION ALL
  SELECT (SELECT s.device_id FROM sensor_data s WHERE s.device_id > d.device_id ORDER BY s.device_id LIMIT 1)
  FROM device d
  WHERE d.device_id IS NOT NULL
)
SELECT latest.*
FROM device d
CROSS JOIN LATERAL (
  SELECT * FROM sensor_data s WHERE s.device_id = d.device_id ORDER BY s."timestamp" DESC LIMIT 1
) latest;
