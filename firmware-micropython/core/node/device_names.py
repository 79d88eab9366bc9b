# Mirrors Sources/Node/DeviceNames.swift.
"""The ids that the straps on GPIO 0 ... 3 mean, bit 0 on GPIO 0, high is 1."""

_NAMES = (
    b"Office00",
    b"Exterior01",
    b"Garage02",
    b"MasterBed03",
    b"LivingRoom04",
    b"Basement05",
    b"Attic06",
    b"FrontDoor07",
    b"BackDoor08",
    b"GuestRoom09",
    b"Bathroom10",
    b"Patio11",
    b"Hallway12",
    b"DiningRoom13",
    b"Laundry14",
    b"Spare15",
)


def device_id(straps):
    """The id of four straps."""
    return _NAMES[straps & 15]
