"""Every panel's, variable's and alert's SQL on a real TimescaleDB, as Grafana sends it: macros and variables put in.

Run by deploy/checks/grafana, which starts a database and has `martlet migrate` make the tables;
MARTLET_TEST_DATABASE names it.
"""

from __future__ import annotations

import json
import os
import re
import unittest
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import yaml

HERE = Path(__file__).resolve().parent
DASHBOARDS = sorted((HERE / "dashboards").glob("*.json"))
# A minute on: what is written while the test runs belongs to its time.
NOW = datetime.now(UTC) + timedelta(minutes=1)
# What a panel may touch, in pages of 8 KB, with the rows of `fill`: ten times what the dearest needs, far from a scan
# for each device or a product of tables.
PAGES = 8_000
DEVICES = ("Office00", "Garage02", "LivingRoom04", "Attic06", "Patio11", "Spare15")

FILL = """
INSERT INTO sensor_data ("timestamp", device_id, event_type, temperature, humidity, pressure, motion, "switch",
  boot, seq, sensor_type, quality, wifi_rssi, uptime_ms, received_at, time_source, gateway, extra)
SELECT at, device, kind, CASE WHEN faulty THEN NULL ELSE 20 + 5 * sin(n / 100.0) END, 45, 1013.25, kind = 'motion',
  n % 50 < 25, 17, n, 'BME280', CASE WHEN faulty THEN 'nack' ELSE 'ok' END, -60, n * 15000,
  at + CASE WHEN n BETWEEN 300 AND 330 THEN INTERVAL '5 minutes' ELSE INTERVAL '20 ms' END,
  CASE n % 3 WHEN 0 THEN 'device' WHEN 1 THEN 'derived' ELSE 'received' END, 'gateway-1', '{"version": "1.0.0"}'
FROM (
  SELECT now() - n * INTERVAL '15 seconds' AS at, device, 5760 - n AS n,
    CASE WHEN n % 40 = 7 THEN 'motion' WHEN n % 90 = 11 THEN 'switch' ELSE 'heartbeat' END AS kind,
    device = 'Patio11' AND (n < 20 OR n BETWEEN 100 AND 200) AS faulty
  FROM generate_series(0, 5759) AS n CROSS JOIN unnest(string_to_array(current_setting('test.devices'), ',')) AS device
  -- What is missing: Attic06 lost some, Garage02 has some under way, Spare15 is silent for half an hour.
  WHERE NOT (device = 'Attic06' AND n BETWEEN 500 AND 520) AND NOT (device = 'Garage02' AND n BETWEEN 400 AND 404)
    AND NOT (device = 'Spare15' AND n < 120)
) AS made;
INSERT INTO gateway_cursor VALUES ('gateway-1', 'a-journal', 'timescale', 34000, now());
INSERT INTO device_boot VALUES ('Office00', 17, now() - INTERVAL '1 day');
INSERT INTO reading_gap VALUES
  ('LivingRoom04', 17, 10, 12, now() - INTERVAL '3 hours', now() - INTERVAL '2 hours', 'repaired', NULL);
SELECT reading_gap_examine('Attic06', 17, 5240, 5260, 'device: dropped', now() - INTERVAL '2 hours');
SELECT reading_gap_examine('Garage02', 17, 5356, 5360, NULL, now() - INTERVAL '100 minutes');
ANALYZE;
"""


def expand(sql: str, variables: dict[str, list[str]], hours: float, *, timescale: bool) -> str:
    """What Grafana's PostgreSQL data source makes of a query (pkg/tsdb/grafana-postgresql-datasource/macros.go)."""
    start, end = ((NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    seconds = {"$__interval": max(15, int(hours * 3600 / 1000))}

    def variable(match: re.Match[str]) -> str:
        name, form = match.group(1), match.group(2)
        if name not in variables:
            raise KeyError(f"no variable ${{{name}}}")
        values = variables[name]
        if form == "sqlstring":
            return ",".join("'" + value.replace("'", "''") + "'" for value in values)
        assert form is None and len(values) == 1, f"${{{name}}} needs a format"
        return values[0]

    def macro(match: re.Match[str]) -> str:
        name, arguments = match.group(1), [part.strip() for part in match.group(2).split(",")]
        match name:
            case "__timeFilter":
                return f"{arguments[0]} BETWEEN '{start}' AND '{end}'"
            case "__timeGroup" | "__timeGroupAlias":
                width = seconds.get(arguments[1]) or {"15m": 900}[arguments[1]]
                group = (
                    f"time_bucket('{width}.000s',{arguments[0]})"
                    if timescale
                    else f"floor(extract(epoch from {arguments[0]})/{width})*{width}"
                )
                return group + (' AS "time"' if name.endswith("Alias") else "")
        raise KeyError(f"macro {name}: not one that these dashboards use")

    sql = re.sub(r"\$\{(\w+)(?::(\w+))?\}", variable, sql)
    sql = re.sub(r"\$(__\w+)\(([^)]*)\)", macro, sql)
    assert "$" not in sql, f"not expanded: {sql}"
    return sql


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


class Database(unittest.TestCase):
    connection: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.connection = psycopg2.connect(os.environ["MARTLET_TEST_DATABASE"])
        cls.connection.autocommit = True
        with cls.connection.cursor() as cursor:
            cursor.execute("TRUNCATE sensor_data, gateway_cursor, device_boot, reading_gap")
            cursor.execute("SELECT set_config('test.devices', %s, false)", [",".join(DEVICES)])
            cursor.execute(FILL)
            # As compose makes it: what a panel may not read, it cannot show.
            cursor.execute("DROP OWNED BY grafana; DROP ROLE grafana" if cls.has_role(cursor) else "SELECT 1")
            cursor.execute(
                "CREATE ROLE grafana; GRANT SELECT ON ALL TABLES IN SCHEMA public TO grafana; SET ROLE grafana"
            )

    @staticmethod
    def has_role(cursor: Any) -> bool:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = 'grafana'")
        return cursor.rowcount == 1

    @classmethod
    def tearDownClass(cls) -> None:
        cls.connection.close()

    def rows(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [column.name for column in cursor.description], cursor.fetchall()

    def pages(self, sql: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + sql)
            plan = cursor.fetchone()[0][0]["Plan"]
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]

    def variables(self, dashboard: dict[str, Any]) -> list[dict[str, list[str]]]:
        """Each value of each choice, and of a query its first and (where it may be several) all."""
        sets: list[dict[str, list[str]]] = [{}, {}]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "custom":
                first, *others = variable["query"].split(",")
                sets[0][variable["name"]], sets[1][variable["name"]] = [first], [others[-1]]
            else:
                _, found = self.rows(expand(variable["query"], {}, 6, timescale=True))
                self.assertEqual(sorted(DEVICES), [row[0] for row in found], variable["name"])
                values = [row[0] for row in found]
                sets[0][variable["name"]] = values if variable["multi"] else [values[0]]
                sets[1][variable["name"]] = [next(value for value in values if value == "Attic06")]
        return sets

    def testEveryPanelGivesRowsOfItsShapeAtABoundedCost(self) -> None:
        panels, dearest = 0, (0, "")
        for path in DASHBOARDS:
            dashboard = load(path)
            hours = 24.0 if dashboard["time"]["from"] == "now-24h" else 6.0
            for variables in self.variables(dashboard):
                for panel in dashboard["panels"]:
                    for target in panel["targets"]:
                        for timescale in (True, False):
                            name = f"{path.stem}: {panel['title']}"
                            with self.subTest(panel=name, variables=variables, timescale=timescale):
                                sql = expand(target["rawSql"], variables, hours, timescale=timescale)
                                columns, rows = self.rows(sql)
                                self.check_shape(panel, target, columns, rows, variables)
                                pages = self.pages(sql)
                                self.assertLess(pages, PAGES, f"touches {pages} pages\n{sql}")
                                dearest = max(dearest, (pages, name))
                    panels += 1
        print(f"grafana: panels={panels // 2} dashboards={len(DASHBOARDS)} dearest={dearest[0]} pages ({dearest[1]})")
        self.assertGreater(panels, 0)

    def check_shape(
        self,
        panel: dict[str, Any],
        target: dict[str, Any],
        columns: list[str],
        rows: list[tuple[Any, ...]],
        variables: dict[str, list[str]],
    ) -> None:
        # A single healthy device has nothing missing and all switches off may be none: only there may it be empty.
        may_be_empty = panel["title"] in {"What is missing from it", "Switches that are on"}
        self.assertTrue(rows or may_be_empty, "no rows")
        self.assertEqual(len(columns), len(set(columns)), f"two columns of one name: {columns}")
        if target["format"] == "time_series":
            self.assertEqual("time", columns[0])
            for row in rows:
                moment = row[0]
                if isinstance(moment, (int, float, Decimal)):
                    moment = datetime.fromtimestamp(float(moment), UTC)
                self.assertLess(abs((NOW - moment).total_seconds()), 25 * 3600)
                numbers = row[2:] if columns[1] == "metric" else row[1:]
                self.assertTrue(
                    all(isinstance(value, (int, float)) or hasattr(value, "as_tuple") for value in numbers), row
                )
            if columns[1] == "metric":
                self.assertEqual(["time", "metric", "value"], columns)
                self.assertTrue(all(isinstance(row[1], str) for row in rows))
        elif panel["type"] == "stat":
            self.assertEqual((1, 1), (len(rows), len(columns)), "a single value")
            self.assertIsNotNone(rows[0][0])
        elif panel["type"] == "state-timeline":
            self.assertEqual("time", columns[0])
        for name in ("temperature °F", "temperature °C"):
            if name in columns:
                self.assertEqual(name.split()[1], variables["temperature_unit"][0])

    def testWhatTheRowsSayIsWhatWasPutIn(self) -> None:
        def value(dashboard: str, title: str) -> Any:
            found = load(HERE / "dashboards" / f"{dashboard}.json")
            panel = next(panel for panel in found["panels"] if panel["title"] == title)
            return self.rows(expand(panel["targets"][0]["rawSql"], {}, 24, timescale=True))[1][0][0]

        self.assertEqual(21, value("quality", "Readings lost"))
        self.assertEqual(5, value("quality", "Readings missing"))
        self.assertEqual(3, value("quality", "Readings repaired"))
        self.assertEqual(0, value("quality", "Doubled readings"))
        self.assertEqual(31 * len(DEVICES), value("quality", "Late readings"))
        self.assertEqual(121, value("quality", "Readings without a value"))
        self.assertEqual(len(DEVICES) - 1, value("fleet", "Devices heard in the last 5 minutes"))
        self.assertEqual(1, value("fleet", "Devices silent for 10 minutes"))
        self.assertEqual(1, value("fleet", "Sensors with a fault"))

    def testAlertsFireForWhatIsWrongAndForNothingElse(self) -> None:
        rules = yaml.safe_load((HERE / "provisioning/alerting/rules.yaml").read_text(encoding="utf-8"))
        fired: dict[str, set[str]] = {}
        for rule in rules["groups"][0]["rules"]:
            query, limit = rule["data"]
            sql = query["model"]["rawSql"]
            self.assertNotIn("$", sql.replace("$$", ""), "Grafana puts the environment in here")
            columns, rows = self.rows(sql.replace("$$", "$"))
            self.assertEqual("value", columns[-1])
            above = limit["model"]["conditions"][0]["evaluator"]["params"][0]
            fired[rule["uid"]] = {row[0] if len(row) > 1 else "" for row in rows if row[-1] > above}
        expected = {
            "martlet-no-readings": set(),
            "martlet-device-silent": {"Spare15"},
            "martlet-readings-lost": {"Attic06"},
            "martlet-gap-open": {"Garage02"},
            "martlet-sensor-fault": {"Patio11"},
            "martlet-too-warm": set(),
        }
        self.assertEqual(expected, fired)

    def testAlertsPointAtPanelsThatAreThere(self) -> None:
        panels = {
            (dashboard["uid"], panel["id"]) for dashboard in map(load, DASHBOARDS) for panel in dashboard["panels"]
        }
        rules = yaml.safe_load((HERE / "provisioning/alerting/rules.yaml").read_text(encoding="utf-8"))
        for rule in rules["groups"][0]["rules"]:
            self.assertIn((rule["dashboardUid"], rule["panelId"]), panels, rule["uid"])


class Model(unittest.TestCase):
    def testPanelsDoNotOverlapAndIdsAreUnique(self) -> None:
        for path in DASHBOARDS:
            dashboard, taken = load(path), set()
            self.assertEqual(f"martlet-{path.stem}", dashboard["uid"])
            self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
            for panel in dashboard["panels"]:
                grid = panel["gridPos"]
                self.assertLessEqual(grid["x"] + grid["w"], 24)
                cells = {
                    (x, y)
                    for x in range(grid["x"], grid["x"] + grid["w"])
                    for y in range(grid["y"], grid["y"] + grid["h"])
                }
                self.assertFalse(cells & taken, f"{path.stem}: {panel['title']} overlaps")
                taken |= cells


if __name__ == "__main__":
    unittest.main(verbosity=1)
