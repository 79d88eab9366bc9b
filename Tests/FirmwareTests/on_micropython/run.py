"""Runs under MicroPython: `run.py ROOT FILE` calls every `test_*` of FILE and prints one line each.

`ok NAME`, or `not ok NAME` and the trace. ROOT is the repository; tests find it in `sys.argv[1]`.
"""

import sys

root, path = sys.argv[1], sys.argv[2]
folder, name = path.rsplit("/", 1)
sys.path[:0] = [folder, root + "/simulators/micropython", root + "/firmware-micropython"]
module = __import__(name[:-3])
for name in sorted(dir(module)):
    if not name.startswith("test_"):
        continue
    try:
        getattr(module, name)()
    except Exception as error:  # whatever a test raises is its failure
        print("not ok", name)
        sys.print_exception(error, sys.stdout)
    else:
        print("ok", name)
print("done")
