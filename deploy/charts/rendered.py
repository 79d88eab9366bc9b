"""The chart and the gitops files as what they become: rendered by the real Helm, whose templates Argo CD uses too."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "deploy/charts/martlet"
GITOPS = ROOT / "deploy/gitops"
ENVIRONMENTS = ("iots6-dev", "iots6-staging", "iots6-prod")
HELM = os.environ.get("HELM3", "helm")
# What wraps pods, and where in it the pod is.
POD_AT = {
    "Pod": (),
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}


class Refused(Exception):
    """What Helm said."""


def render(*options: str, namespace: str = "iots6-dev", helm: str = HELM) -> list[dict[str, Any]]:
    """The chart's objects, hooks and tests too."""
    command = [helm, "template", "martlet", str(CHART), "--namespace", namespace, *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Refused(result.stderr)
    return [document for document in yaml.safe_load_all(result.stdout) if document]


def render_environment(name: str, helm: str = HELM) -> list[dict[str, Any]]:
    """As Argo CD renders it: the environment's values, and the image that its environment.json names."""
    here = GITOPS / "environments" / name
    image = json.loads((here / "environment.json").read_text(encoding="utf-8"))["image"]
    return render(
        "--values", str(here / "values.yaml"), "--set-string", f"image.tag={image}", namespace=name, helm=helm
    )


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each pod's name and template."""
    for thing in objects:
        if thing["kind"] not in POD_AT:
            continue
        pod = thing if thing["kind"] == "Pod" else thing["spec"]
        for step in POD_AT[thing["kind"]]:
            pod = pod[step]
        yield f"{thing['kind']}/{thing['metadata']['name']}", pod


def expand(template: str, values: dict[str, Any]) -> str:
    """A Go template with Sprig's functions and `values` as its dot, as Argo CD and External Secrets expand theirs."""
    with tempfile.TemporaryDirectory() as directory:
        chart = Path(directory)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: expand\nversion: 0.0.0\n", encoding="utf-8")
        (chart / "values.yaml").write_text(json.dumps(values), encoding="utf-8")
        (chart / "template").write_text(template, encoding="utf-8")
        text = '{{- $text := tpl (.Files.Get "template") .Values }}\nout: {{ $text | toJson }}\n'
        # `tpl` needs to know where it is called from; nothing else of Helm's is in the dot.
        text = text.replace(".Values }}", '(merge (dict "Template" .Template) .Values) }}')
        (chart / "templates/out.yaml").write_text(text, encoding="utf-8")
        result = subprocess.run([HELM, "template", str(chart)], capture_output=True, text=True)
        if result.returncode:
            raise Refused(result.stderr)
        return yaml.safe_load(result.stdout)["out"]
