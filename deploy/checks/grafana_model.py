"""Reads each dashboard into Grafana's published model and writes it again: what the model does not know is lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(said: Any, kept: Any, path: str = "") -> Iterator[str]:
    """What `said` has and `kept` has not, or has otherwise."""
    if isinstance(said, dict) and isinstance(kept, dict):
        for key, value in said.items():
            if key in kept:
                yield from lost(value, kept[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: the model knows no such field"
    elif isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        for index, (one, other) in enumerate(zip(said, kept, strict=True)):
            yield from lost(one, other, f"{path}[{index}]")
    elif said != kept:
        yield f"{path}: {said!r} became {kept!r}"


def main() -> int:
    register_default_plugins()
    faults = 0
    for path in sorted(Path("deploy/grafana/dashboards").glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        kept = json.loads(JSONEncoder().encode(Dashboard.from_json(said)))
        for fault in lost(said, kept):
            print(f"{path}{fault}", file=sys.stderr)
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
