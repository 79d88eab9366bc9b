"""The Datadog agent's own OpenMetrics check on a running gateway, told as the chart tells it; monitors, objectives and
dashboard ask only for what it then has.

Run by deploy/checks/datadog: MARTLET_PAGE is the gateway's address, HELM3 the program that renders the chart.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unittest
from pathlib import Path
from typing import Any

import yaml
from datadog_checks.base import OpenMetricsBaseCheckV2
from datadog_checks.base.stubs import aggregator

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "charts"))
from rendered import pods, render_environment  # noqa: E402


def instance() -> dict[str, Any]:
    """The check's settings in the annotation of the gateway's pod, with the agent's %%host%% put in."""
    [pod] = [pod for name, pod in pods(render_environment("iots6-prod")) if name == "StatefulSet/martlet-gateway"]
    annotations = pod["metadata"]["annotations"]
    container = pod["spec"]["containers"][0]["name"]
    [one] = yaml.safe_load(annotations[f"ad.datadoghq.com/{container}.checks"])["openmetrics"]["instances"]
    assert one["openmetrics_endpoint"] == "http://%%host%%:8080/metrics"
    return one | {"openmetrics_endpoint": os.environ["MARTLET_PAGE"] + "/metrics"}


class Datadog(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        check = OpenMetricsBaseCheckV2("openmetrics", {}, [instance()])
        aggregator.reset()
        for _ in range(2):
            if error := check.run():
                raise AssertionError(error)
        cls.metrics = set(aggregator.metric_names)

    def test_theAgentReadsTheGateway(self) -> None:
        self.assertLessEqual(
            {"martlet.broker_up", "martlet.readings_committed.count", "martlet.sink_lag_entries"}, self.metrics
        )

    def test_everythingAskedForIsThere(self) -> None:
        # Counters that have counted nothing yet are not in the text: the reasons of losses and refusals.
        unborn = {"martlet.readings_lost.count", "martlet.messages_refused.count"}
        for name in ("monitors", "objectives", "dashboard"):
            text = (HERE / f"{name}.json").read_text(encoding="utf-8")
            asked = set(re.findall(r"martlet\.[a-z_]+(?:\.(?:count|sum|bucket))?", text))
            with self.subTest(name):
                self.assertGreater(len(asked), 2)
                self.assertEqual(asked - self.metrics - unborn, set())

    def test_everyMonitorSaysWhatItIsAndWhoHears(self) -> None:
        for monitor in json.loads((HERE / "monitors.json").read_text(encoding="utf-8")):
            with self.subTest(monitor["name"]):
                self.assertIn("@martlet", monitor["message"])
                limit = float(re.search(r"[<>]=? *([0-9.]+)$", monitor["query"])[1])
                self.assertEqual(limit, monitor["options"]["thresholds"]["critical"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
