"""What Argo CD and External Secrets are told: taken by their published CRDs, within the projects, files that exist.

Run by deploy/checks/chart. MARTLET_CRDS: a directory with the CRDs (*.yaml); without it that part says that it did
not run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "charts"))
from rendered import CHART, ENVIRONMENTS, GITOPS, ROOT, expand, render_environment  # noqa: E402

CRDS = os.environ.get("MARTLET_CRDS", "")
# A cluster as Argo CD's generator tells of it.
CLUSTERS = [
    {
        "name": name,
        "metadata": {
            "annotations": {
                "martlet/load-balancer-role": f"arn:aws:iam::123456789012:role/{name}-load-balancer-controller"
            }
        },
    }
    for name in ("iots6-nonprod", "iots6-prod")
]


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def files() -> list[dict[str, Any]]:
    return [document for path in [*GITOPS.glob("*.yaml"), *GITOPS.glob("apps/*.yaml")] for document in documents(path)]


def applications() -> list[dict[str, Any]]:
    """What the ApplicationSets make."""
    made = [thing for thing in files() if thing["kind"] == "Application"]
    for thing in files():
        if thing["kind"] != "ApplicationSet":
            continue
        [generator] = thing["spec"]["generators"]
        if "git" in generator:
            paths = [path for pattern in generator["git"]["files"] for path in ROOT.glob(pattern["path"])]
            parameters = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths)]
        else:
            parameters = CLUSTERS
        for values in parameters:
            template = yaml.safe_load(expand(yaml.safe_dump(thing["spec"]["template"], width=1000), values))
            if patch := thing["spec"].get("templatePatch"):
                merge(template, yaml.safe_load(expand(patch, values)) or {})
            made.append({"apiVersion": thing["apiVersion"], "kind": "Application", **template})
    return made


def merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


class GitOps(unittest.TestCase):
    @unittest.skipUnless(
        CRDS, "MARTLET_CRDS names no directory: Argo CD's and External Secrets' own schemas were not asked"
    )
    def test_theirOwnSchemasTakeEverything(self) -> None:
        schemas = {}
        for path in Path(CRDS).glob("*.yaml"):
            for crd in documents(path):
                for version in crd["spec"]["versions"]:
                    schemas[f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]] = version[
                        "schema"
                    ]["openAPIV3Schema"]
        things = files() + applications() + [thing for name in ENVIRONMENTS for thing in render_environment(name)]
        asked = 0
        for thing in things:
            kind = (thing["apiVersion"], thing["kind"])
            if not kind[0].startswith(("argoproj.io/", "external-secrets.io/")):
                continue
            asked += 1
            with self.subTest(f"{thing['kind']}/{thing['metadata']['name']}"):
                self.assertIn(kind, schemas)
                jsonschema.validate(thing, strict(schemas[kind]))
        self.assertGreater(asked, 20)

    def test_threeEnvironmentsOfWhichOneSyncsByItself(self) -> None:
        made = {thing["metadata"]["name"]: thing["spec"] for thing in applications()}
        for name in ENVIRONMENTS:
            with self.subTest(name):
                self.assertEqual(made[name]["destination"]["namespace"], name)
                self.assertEqual("automated" in made[name]["syncPolicy"], name == "iots6-dev")
                self.assertTrue((ROOT / made[name]["source"]["path"] / "Chart.yaml").is_file())
                for path in made[name]["source"]["helm"]["valueFiles"]:
                    self.assertTrue((ROOT / path.lstrip("/")).is_file(), path)

    def test_theirProjectsAllowWhatTheyDo(self) -> None:
        projects = {thing["metadata"]["name"]: thing["spec"] for thing in files() if thing["kind"] == "AppProject"}
        for thing in applications():
            spec = thing["spec"]
            project = projects[spec["project"]]
            with self.subTest(thing["metadata"]["name"]):
                self.assertIn(spec["destination"], project["destinations"])
                for source in spec.get("sources", [spec.get("source")]):
                    self.assertIn(source["repoURL"], project["sourceRepos"])
                    for path in source.get("helm", {}).get("valueFiles", []):
                        if path.startswith("$values/"):
                            self.assertTrue((ROOT / path.removeprefix("$values/")).is_file(), path)

    def test_theProjectKnowsEachKindOfTheChart(self) -> None:
        [project] = [
            thing["spec"]
            for thing in files()
            if thing["metadata"]["name"] == "martlet" and thing["kind"] == "AppProject"
        ]
        allowed = {
            (one["group"], one["kind"])
            for one in project["namespaceResourceWhitelist"] + project["clusterResourceWhitelist"]
        }
        for name in ENVIRONMENTS:
            for thing in render_environment(name):
                hook = thing["metadata"].get("annotations", {}).get("helm.sh/hook")
                group = thing["apiVersion"].split("/")[0] if "/" in thing["apiVersion"] else ""
                # `helm test` is not Argo CD's.
                if hook != "test":
                    with self.subTest(f"{name} {thing['kind']}"):
                        self.assertIn((group, thing["kind"]), allowed)


class Promote(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-promote."))
        self.addCleanup(shutil.rmtree, self.directory)
        for part in ("scripts/promote", "deploy/gitops/environments"):
            target = self.directory / part
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, target)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "check")
        self.git("config", "user.email", "check@martlet.invalid")
        self.change("iots6-dev", image="0.2.0")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ("git", *arguments), cwd=self.directory, check=True, capture_output=True, text=True
        ).stdout.strip()

    def environment(self, name: str) -> dict[str, Any]:
        return json.loads(
            (self.directory / f"deploy/gitops/environments/{name}/environment.json").read_text(encoding="utf-8")
        )

    def change(self, name: str, **values: str) -> None:
        path = self.directory / f"deploy/gitops/environments/{name}/environment.json"
        path.write_text(json.dumps(self.environment(name) | values, indent=2) + "\n", encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")

    def promote(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.directory / "scripts/promote", *arguments], cwd="/", capture_output=True, text=True)

    def test_whatDevelopmentRanGoesToStagingAndFromThereToProduction(self) -> None:
        tried = self.git("rev-parse", "HEAD")
        self.assertEqual(self.promote("iots6-dev", "iots6-staging").returncode, 0)
        # Development goes on; production gets what staging has.
        self.change("iots6-dev", image="0.3.0")
        self.assertEqual(self.promote("iots6-staging", "iots6-prod").returncode, 0)
        for name in ("iots6-staging", "iots6-prod"):
            self.assertEqual((self.environment(name)["image"], self.environment(name)["revision"]), ("0.2.0", tried))
        self.assertEqual(
            (self.environment("iots6-prod")["cluster"], self.environment("iots6-prod")["automated"]),
            ("iots6-prod", False),
        )
        self.assertEqual(self.git("log", "-1", "--format=%s"), "gitops: Promote 0.2.0 from iots6-staging to iots6-prod")
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_twiceIsOnce(self) -> None:
        self.promote("iots6-dev", "iots6-staging")
        self.promote("iots6-staging", "iots6-prod")
        again = self.promote("iots6-staging", "iots6-prod")
        self.assertIn("has what", again.stdout)
        self.assertEqual(self.git("rev-list", "--count", "HEAD"), "3")

    def test_noStepIsLeftOut(self) -> None:
        for arguments in (("iots6-dev", "iots6-prod"), ("iots6-prod", "iots6-dev"), ("iots6-dev",), ()):
            with self.subTest(arguments):
                refused = self.promote(*arguments)
                self.assertEqual(refused.returncode, 2)
                self.assertIn("FROM and TO", refused.stderr)

    def test_whatIsNotCommittedIsNotPromoted(self) -> None:
        path = self.directory / "deploy/gitops/environments/iots6-dev/environment.json"
        path.write_text(path.read_text(encoding="utf-8").replace("0.2.0", "0.9.9"), encoding="utf-8")
        refused = self.promote("iots6-dev", "iots6-staging")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not committed", refused.stderr)


def strict(schema: Any) -> Any:
    """The same schema, refusing what it does not name: the API server would drop it without a word."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: strict(value) for key, value in schema.items() if not key.startswith("x-kubernetes-") and key != "format"
    }
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    if "properties" in schema and isinstance(schema["properties"], dict) and schema.get("type") == "object":
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
        if not open_ended:
            made["additionalProperties"] = False
            if "metadata" in schema["properties"] and "spec" in schema["properties"]:
                made["properties"]["metadata"] = {"type": "object"}
    return made


if __name__ == "__main__":
    assert CHART.is_dir()
    unittest.main(verbosity=1)
