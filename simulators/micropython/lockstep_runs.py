"""One lockstep run after another in the same interpreter, each with a new device, until the board goes away: starting
an interpreter takes longer than many a run. Arguments as for lockstep.py.
"""

import gc
import sys

import lockstep

while True:
    lockstep.run(lockstep.Life(sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])))
    gc.collect()
