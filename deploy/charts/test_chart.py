"""What the chart becomes in each environment: objects that Kubernetes takes, pods that may do no more than they must.

Run by deploy/checks/chart. UPDATE_GOLDEN=1 writes golden/*.txt anew: read the difference.
"""

from __future__ import annotations

import os
import re
import unittest
from pathlib import Path
from typing import Any

import kubernetes_validate
from rendered import ENVIRONMENTS, ROOT, Refused, pods, render, render_environment

GOLDEN = Path(__file__).resolve().parent / "golden"
# The oldest that EKS still offers at the time of writing, and the newest whose schemas are at hand.
VERSIONS = ("1.32", "1.37")
OTHERS = ("external-secrets.io/", "monitoring.coreos.com/")


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def privileges(objects: list[dict[str, Any]]) -> str:
    """What each pod runs as, keeps, and reaches, and what is open to whom: for a person to read."""
    lines = []
    for name, pod in sorted(pods(objects), key=lambda pair: pair[0]):
        lines.append(f"{name}: user {pod['spec']['securityContext']['runAsUser']}")
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                keys = " ".join(sorted({item["key"] for item in volume["secret"]["items"]}))
                lines.append(f"  secret {volume['secret']['secretName']}: {keys}")
            elif "persistentVolumeClaim" in volume:
                lines.append(f"  volume {volume['persistentVolumeClaim']['claimName']}")
        for container in containers(pod):
            writable = (
                [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
                if "volumeMounts" in container
                else []
            )
            lines.append(f"  {container['name']}: writes {' '.join(writable) or 'nothing'}")
    for thing in objects:
        if thing["kind"] == "Service":
            ports = " ".join(str(port["port"]) for port in thing["spec"]["ports"])
            ranges = " ".join(thing["spec"].get("loadBalancerSourceRanges", []))
            kind = thing["spec"].get("type", "ClusterIP")
            lines.append(f"Service/{thing['metadata']['name']}: {kind} {ports} {ranges}".rstrip())
    for thing in objects:
        if thing["kind"] == "NetworkPolicy":
            spec = thing["spec"]
            lines.append(f"NetworkPolicy/{thing['metadata']['name']}: {' '.join(spec['policyTypes'])}")
            for direction, other in (("ingress", "from"), ("egress", "to")):
                for rule in spec.get(direction, []):
                    ports = " ".join(str(port["port"]) for port in rule["ports"])
                    peers = ", ".join(peer(one) for one in rule.get(other, [])) or "everybody"
                    lines.append(f"  {direction} {ports}: {peers}")
    return "\n".join(lines) + "\n"


def peer(one: dict[str, Any]) -> str:
    if "ipBlock" in one:
        return one["ipBlock"]["cidr"]
    [labels] = [selector["matchLabels"] for selector in one.values()]
    return labels.get("app.kubernetes.io/component") or f"namespace {labels['kubernetes.io/metadata.name']}"


class Chart(unittest.TestCase):
    def test_bothHelmsMakeTheSameObjects(self) -> None:
        for name in ENVIRONMENTS:
            with self.subTest(name):
                self.assertEqual(render_environment(name), render_environment(name, helm=os.environ["HELM4"]))

    def test_kubernetesKnowsEveryField(self) -> None:
        for name in ENVIRONMENTS:
            for thing in render_environment(name):
                if thing["apiVersion"].startswith(OTHERS):
                    continue
                for version in VERSIONS:
                    with self.subTest(f"{name} {version} {thing['kind']}/{thing['metadata']['name']}"):
                        kubernetes_validate.validate(thing, version, strict=True)

    def test_itInstallsWithoutAnyValue(self) -> None:
        self.assertEqual({thing["kind"] for thing in render()} & {"Secret", "ExternalSecret"}, set())

    def test_noPodMayMoreThanItMust(self) -> None:
        for name in ENVIRONMENTS:
            for pod_name, pod in pods(render_environment(name)):
                spec = pod["spec"]
                with self.subTest(f"{name} {pod_name}"):
                    self.assertFalse(spec["automountServiceAccountToken"])
                    self.assertTrue(spec["securityContext"]["runAsNonRoot"])
                    self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                    self.assertNotIn("hostNetwork", spec)
                    for container in containers(pod):
                        security = container["securityContext"]
                        self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                        self.assertTrue(security["readOnlyRootFilesystem"])
                        self.assertFalse(security["allowPrivilegeEscalation"])
                        self.assertIn("memory", container["resources"]["limits"])
                        self.assertRegex(container["image"], r":[0-9]+\.[0-9]+\.[0-9]+")

    def test_privilegesAreAsReviewed(self) -> None:
        for name in ENVIRONMENTS:
            path = GOLDEN / f"{name}.txt"
            now = privileges(render_environment(name))
            if os.environ.get("UPDATE_GOLDEN"):
                GOLDEN.mkdir(exist_ok=True)
                path.write_text(now, encoding="utf-8")
            with self.subTest(name):
                self.assertEqual(path.read_text(encoding="utf-8"), now)

    def test_everyPodIsBehindAPolicy(self) -> None:
        objects = render_environment("iots6-prod")
        policies = [thing["spec"] for thing in objects if thing["kind"] == "NetworkPolicy"]
        for pod_name, pod in pods(objects):
            labels = pod["metadata"]["labels"]
            covering = [
                set(policy["policyTypes"])
                for policy in policies
                if policy["podSelector"]["matchLabels"].items() <= labels.items()
                and "matchExpressions" not in policy["podSelector"]
            ]
            with self.subTest(pod_name):
                self.assertIn({"Ingress", "Egress"}, covering)

    def test_everySecretThatAPodMountsIsMadeFromAParameterThatTerraformMakes(self) -> None:
        terraform = (ROOT / "deploy/eks/terraform/modules/environment/main.tf").read_text(encoding="utf-8")
        parameters = set(re.findall(r'"([a-z-]+)"', re.search(r"names = toset\(\[(.*?)\]\)", terraform, re.DOTALL)[1]))
        for name in ENVIRONMENTS:
            objects = render_environment(name)
            made = {}
            for thing in objects:
                if thing["kind"] == "ExternalSecret":
                    made[thing["spec"]["target"]["name"]] = set(thing["spec"]["target"]["template"]["data"])
                    for one in thing["spec"]["data"]:
                        path, parameter = one["remoteRef"]["key"].rsplit("/", 1)
                        self.assertEqual(path, f"/martlet/{name}")
                        self.assertIn(parameter, parameters)
                        self.assertIn(
                            f"{{{{ .{one['secretKey']} }}}}", str(thing["spec"]["target"]["template"]["data"])
                        )
            for pod_name, pod in pods(objects):
                for volume in pod["spec"].get("volumes", []):
                    if "secret" in volume:
                        keys = {item["key"] for item in volume["secret"]["items"]}
                        with self.subTest(f"{name} {pod_name} {volume['secret']['secretName']}"):
                            self.assertLessEqual(keys, made[volume["secret"]["secretName"]])

    def test_environmentsReachTheirOwnParametersAlone(self) -> None:
        for name in ENVIRONMENTS:
            [account] = [thing for thing in render_environment(name) if thing["kind"] == "ServiceAccount"]
            [store] = [thing for thing in render_environment(name) if thing["kind"] == "ClusterSecretStore"]
            with self.subTest(name):
                self.assertTrue(
                    account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].endswith(
                        f"/{name}-external-secrets"
                    )
                )
                self.assertEqual(store["spec"]["conditions"], [{"namespaces": [name]}])

    def test_anotherImageMigratesBeforeItServes(self) -> None:
        [job] = [thing for thing in render() if thing["kind"] == "Job"]
        waves = {
            thing["metadata"]["name"]: int(
                thing["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0)
            )
            for thing in render()
        }
        self.assertEqual(job["metadata"]["annotations"]["helm.sh/hook"], "pre-upgrade")
        self.assertLess(waves["martlet-timescaledb"], waves["martlet-migrate"])
        self.assertLess(waves["martlet-migrate"], waves["martlet-gateway"])

    def test_anExternalDatabaseTakesThePlaceOfTheChartsOwn(self) -> None:
        objects = render(
            "--set", "timescaledb.enabled=false,timescaledb.external.cidr=10.0.0.0/24,grafana.enabled=false"
        )
        self.assertNotIn("martlet-timescaledb", {thing["metadata"]["name"] for thing in objects})
        self.assertNotIn("CronJob", {thing["kind"] for thing in objects})
        self.assertIn("egress 5432: 10.0.0.0/24", privileges(objects))

    def test_wrongValuesAreRefusedByName(self) -> None:
        for value, said in (
            ("gateway.replicas=0", "gateway.replicas"),
            ("gateway.retentionDays=1", "retentionDays"),
            ("mosquitto.service.type=LoadBalancer", "sourceRanges"),
            ("grafana.service.type=NodePort", "grafana.service.type"),
            ("mosquitto.image=eclipse-mosquitto", "mosquitto.image"),
            ("image.tag=latest", "image.tag"),
            ("externalSecrets.enabled=true", "externalSecrets"),
            ("timescaledb.enabled=false", "timescaledb.external.cidr"),
            ("timescaledb.user=0", "timescaledb.user"),
            ("timescaledb.backup.schedule=daily", "schedule"),
            ("gatway.replicas=2", "gatway"),
        ):
            with self.subTest(value), self.assertRaises(Refused) as refused:
                render("--set", value)
            self.assertIn(said.split(".")[-1], str(refused.exception))


if __name__ == "__main__":
    unittest.main(verbosity=1)
