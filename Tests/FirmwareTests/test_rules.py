"""What core/ must never contain, and that everything compiles for a board."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from firmware import FIRMWARE, ROOT, micropython

sys.path.insert(0, str(ROOT / "scripts"))
from firmware_link import names, sources  # noqa: E402 - its folder is no package
from firmware_link.link import link  # noqa: E402

FORBIDDEN_IN_CORE = {"machine", "network", "asyncio", "time", "math", "socket", "os", "random"}
HARDWARE = {"machine", "network", "_onewire"}


def trees(folder: str) -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text())) for path in sorted((FIRMWARE / folder).rglob("*.py"))]


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def floats(tree: ast.AST) -> list[str]:
    """Everything that makes, reads or writes a float."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Div, ast.Pow)):
            found.append("/" if isinstance(node.op, ast.Div) else "**")
        elif isinstance(node, ast.Name) and node.id in {"float", "round", "pow", "complex"}:
            found.append(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(str(node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            # A format of `struct`.
            if re.fullmatch(r"[<>!=@][0-9A-Za-z?]+", text) and set(text) & set("efd"):
                found.append(text)
            found += re.findall(r"%[-+ 0-9.]*[eEfFgG]", text)
    return found


class Rules(unittest.TestCase):
    def test_core_computes_in_integers_and_reads_and_writes_no_floats(self) -> None:
        for path, tree in trees("core"):
            # A power is whole only where its exponent is not negative: ten to what `min` keeps above zero.
            allowed = {"**"} if path.name == "json_slice.py" else set()
            self.assertEqual(set(floats(tree)) - allowed, set(), str(path))

    def test_each_way_to_a_float_is_seen(self) -> None:
        cases = {
            "a = 1.5": "1.5",
            "a = b / 2": "/",
            "a /= 2": "/",
            "a = 10 ** b": "**",
            "a = float(b)": "float",
            "a = [round(b) for b in c]": "round",
            'a = struct.unpack("<Hf", b)': "<Hf",
            'a = "%.2f" % b': "%.2f",
            'a = b"%+5.1e" % b': "%+5.1e",
        }
        for text, found in cases.items():
            self.assertEqual(floats(ast.parse(text)), [found], text)
        self.assertEqual(floats(ast.parse('a = b // 2 << 3; c = "%d %s" % (a, b)')), [])

    def test_core_knows_no_hardware_no_network_and_no_clock(self) -> None:
        for path, tree in trees("core"):
            self.assertEqual(imported(tree) & FORBIDDEN_IN_CORE, set(), str(path))
            self.assertNotIn("ports", imported(tree), str(path))

    def test_nothing_is_swallowed_by_a_bare_except(self) -> None:
        for path, tree in trees("."):
            for node in ast.walk(tree):
                if isinstance(node, ast.ExceptHandler):
                    self.assertIsNotNone(node.type, f"{path}:{node.lineno}")

    def test_every_core_file_names_the_swift_file_it_mirrors(self) -> None:
        for path, _ in trees("core"):
            first = path.read_text().splitlines()[0]
            self.assertRegex(first, r"^# Mirrors .*Sources/", str(path))
            for word in first.removesuffix(".").replace(",", " ").split():
                if word.startswith("Sources/"):
                    self.assertTrue((ROOT / word.rstrip(".")).exists(), f"{path}: there is no {word}")

    def test_each_line_of_the_joined_module_is_found_again_in_the_sources(self) -> None:
        joined = link(FIRMWARE, [])[Path("firmware.py")]
        lines = joined.text.splitlines()
        # What no name is renamed in is the same text in both.
        wanted = [
            number
            for number, line in enumerate(lines, 1)
            if line.strip() in ("return False", "return None", "continue")
        ]
        self.assertGreater(len(wanted), 60)
        for number in wanted:
            path, line = joined.origins[number]
            self.assertEqual((FIRMWARE / path).read_text().splitlines()[line - 1].strip(), lines[number - 1].strip())

    def test_no_name_that_micropython_knows_is_replaced(self) -> None:
        paths = {".".join(path.relative_to(FIRMWARE).with_suffix("").parts): path for path in FIRMWARE.rglob("*.py")}
        ours = sorted(names.Names(list(sources.read(paths, FIRMWARE).values()), []).attributes)
        # A name that MicroPython did not have is a new one in its list.
        program = "import micropython\nclass A: pass\n"
        program += f"for name in {ours!r}: setattr(A, name, 0)\nmicropython.qstr_info(1)"
        command = [micropython(), "-X", "heapsize=1M", "-c", program]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        new = set(re.findall(r"^Q\((.*)\)$", answer.stdout, re.MULTILINE))
        self.assertEqual(set(ours) - new, set(), "for names.FOREIGN")

    def test_everything_compiles_for_a_board(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [str(ROOT / "scripts" / "firmware-compile"), folder]
            answer = subprocess.run(command, check=False, capture_output=True, text=True)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertRegex(answer.stdout, r"^firmware: files=\d+ bytes=\d+\n$")
            size = int(answer.stdout.rsplit("=", 1)[1])
            self.assertLess(size, 80_000, "the firmware's share of a Pico W's flash")


if __name__ == "__main__":
    unittest.main()
