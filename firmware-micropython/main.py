"""What a Pico W runs after a start: the shell, and a restart when it ends, because it never should."""

import asyncio
import gc
import sys
import time

import machine

_WAIT_BEFORE_RESTART_MILLISECONDS = 5_000
# While modules load, garbage is collected this often (bytes): what stays lies together at one end of the heap. Else
# the largest free piece after the start is 4 KB of 70 free ones, with this it is nearly all of them.
_COLLECT_WHILE_LOADING = 2_048
_COLLECT_WHILE_RUNNING = 16_384


def main(root):
    """Runs the firmware with the settings and the state under `root`."""
    gc.threshold(_COLLECT_WHILE_LOADING)
    from ports import log, watchdog
    from ports.settings import Settings
    from ports.shell import Restart, Shell

    settings = Settings(root + "/state")
    settings.load(root + "/settings.json")
    shell = None
    try:
        shell = Shell(settings)
        gc.collect()
        gc.threshold(_COLLECT_WHILE_RUNNING)
        asyncio.run(shell.run())
    except KeyboardInterrupt:
        # Somebody is at the console, or flashes: the board is theirs now.
        watchdog.stop()
        log.info("stopped from the console; machine.reset() starts again")
        return
    except Restart:
        log.info("restarts, as it was asked to")
        machine.reset()
    except Exception as error:
        # Whatever it is: it is kept for the next start to tell, and the board starts again.
        log.error("the firmware ends", error)
        if shell is not None:
            shell.failed(error)
    # Time for Ctrl-C on the console, or else a board that fails at once could hardly be reached.
    time.sleep_ms(_WAIT_BEFORE_RESTART_MILLISECONDS)
    machine.reset()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
