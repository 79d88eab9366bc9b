"""What a fault campaign comes to: the devices' own account beside the rows and beside the completeness ledger."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

from stack import Process, Stack, binary

Readings = set[tuple[str, int, int]]


class Verdict:
    """Reads all three accounts, as often as it is asked."""

    def __init__(self, stack: Stack, gateways: list[Process], load: Process, boards: Process, truth: Path) -> None:
        self.stack = stack
        self.gateways = gateways
        self.load = load
        self.boards = boards
        self.truth = truth

    def compare(self) -> tuple[Counter[tuple[str, int, int]], list[str], Readings, Readings]:
        """The rows, what the ledger says wrongly, what was made, and what of it is lost."""
        made, dropped = self._truth()
        rows = Counter(
            (str(device), int(str(boot)), int(str(seq)))
            for device, boot, seq in self.stack.query("SELECT device_id, boot, seq FROM sensor_data WHERE boot >= 0")
        )
        present = set(rows)
        lost = dropped - present
        return rows, self._differences(made, present, lost), made, lost

    def tell(self, published_former: int, kills: int) -> bool:
        """Compares devices, rows and ledger; prints the line; whether all is well."""
        rows, faults, made, lost = self.compare()
        present = set(rows)
        former = self.stack.count("sensor_data WHERE boot = -1")
        former_distinct = self.stack.count("(SELECT DISTINCT device_id, seq FROM sensor_data WHERE boot = -1) AS s")
        sent = len(made - lost) + published_former
        missing = len(made - lost - present) + published_former - former_distinct
        duplicate = rows.total() - len(rows) + former - former_distinct
        dead = sum(sum(self.stack.refused(gateway).values()) for gateway in self.gateways)
        numbers = f"missing={missing} duplicate={duplicate} dead={dead} kills={kills}"
        for fault in faults:
            print(f"chaos: {fault}", flush=True)
        print(f"chaos: ledger lost={len(lost)} open=0" if not faults else "chaos: the ledger differs", flush=True)
        print(f"chaos: sent={sent} rows={rows.total() + former} {numbers}", flush=True)
        return not (missing or duplicate or dead or faults) and sent > 100

    def _truth(self) -> tuple[Readings, Readings]:
        made: Readings = set()
        dropped: Readings = set()
        for line in self.truth.read_text().splitlines():
            kind, device, boot, *seqs = line.split()
            first, last = (1, int(seqs[0])) if kind == "made" else (int(seqs[0]), int(seqs[1]))
            target = made if kind == "made" else dropped
            target.update((device, int(boot), seq) for seq in range(first, last + 1))
        summary = self.boards.tail().splitlines()[-1]
        found = re.fullmatch(r"picosim: boards=\d+ made=(\d+) sent=\d+ acknowledged=(\d+) unsent=0 dropped=0", summary)
        assert found, f"the boards did not deliver: {summary}"
        boards = self.stack.query(
            "SELECT device_id, boot, max(seq) FROM sensor_data"
            " WHERE boot >= 0 AND device_id NOT LIKE 'Load%' GROUP BY 1, 2"
        )
        of_boards = {(str(d), int(str(b)), s) for d, b, last in boards for s in range(1, int(str(last)) + 1)}
        assert len(of_boards) == int(found[1]), f"boards made {found[1]} readings, their numbers say {len(of_boards)}"
        last_of_load = self.load.tail().splitlines()[-1]
        assert " unacknowledged=0 " in last_of_load, f"not everything was acknowledged: {last_of_load}"
        return made | of_boards, dropped

    def _differences(self, made: Readings, present: Readings, lost: Readings) -> list[str]:
        """What the ledger says against what is true."""
        said: dict[str, Readings] = {"open": set(), "repaired": set(), "lost": set()}
        for device, boot, first, last, outcome in self.stack.query(
            "SELECT device_id, boot, seq_from, seq_to, outcome FROM reading_gap"
        ):
            numbers = range(int(str(first)), int(str(last)) + 1)
            said[str(outcome)].update((str(device), int(str(boot)), seq) for seq in numbers)
        differences: list[str] = []
        if present - made:
            differences.append(f"{len(present - made)} rows that no device made: {sorted(present - made)[:5]}")
        if said["open"]:
            differences.append(f"ledger: {len(said['open'])} are open: {sorted(said['open'])[:5]}")
        if said["lost"] != lost:
            differences.append(
                f"ledger: lost {len(said['lost'])}, truth {len(lost)}:"
                f" only ledger {sorted(said['lost'] - lost)[:5]}, only truth {sorted(lost - said['lost'])[:5]}"
            )
        if not said["repaired"] <= present:
            differences.append("ledger: repaired readings that are not there")
        answer = subprocess.run(
            [binary("martlet"), "gaps", "--database", str(self.stack.database)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        if not re.fullmatch(rf"gaps: open=0 repaired=\d+ lost={len(lost)}", answer):
            differences.append(f"martlet gaps says '{answer}'")
        for gateway in self.gateways:
            local = self.stack.metrics(gateway).get("martlet_readings_missing")
            if local != 0:
                differences.append(f"the own ledger of {gateway.name} misses {local}")
        return differences
