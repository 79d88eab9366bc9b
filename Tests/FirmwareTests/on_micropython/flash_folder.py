"""Files and readings for the tests of what is kept in flash."""

import random

from core.telemetry.measurement import ABSENT, missing
from core.telemetry.reading import HEARTBEAT, LOW, Reading
from ports import flash

FOLDER = "/tmp/martlet-firmware-tests-%d" % random.getrandbits(30)


def folder(name):
    path = FOLDER + "/" + name
    flash.make_directory(path)
    return path


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def reading(seq, boot=1):
    return Reading(boot, seq, HEARTBEAT, missing(ABSENT), LOW, LOW, None, seq * 1000, None, 0)


def never(boot, uptime):
    return None


def always(boot, uptime):
    return 1_795_000_000 + uptime // 1000
