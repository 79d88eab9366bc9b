# Mirrors Sources/Node/NodeConfiguration.swift.
"""What a device is told about its work. Every value is in its range at any time."""

from core.telemetry.json_cursor import END, KEY, OBJECT_START, SYNTAX, JSONCursor, JSONError
from micropython import const

# ConfigurationKey: the keys that a device follows, in the order of `_KEYS`.
ENABLED = const(0)
HEARTBEAT_PERIOD = const(1)
MEASUREMENT_PERIOD = const(2)
MOTION_COOLDOWN = const(3)
CONFIGURATION_PERIOD = const(4)

# Name in the document, smallest and largest value that is taken, and what holds until one is given.
_KEYS = (
    (b"enabled", 0, 1, 1),
    (b"heartbeat_publish_period", 1000, 86_400_000, 60_000),
    (b"temperature_check_period", 500, 3_600_000, 5_000),
    (b"motion_cooldown_wait_period", 0, 3_600_000, 60_000),
    (b"check_config_file_period", 1000, 86_400_000, 60_000),
)


class NodeConfiguration:
    """The built-in configuration; periods in ms."""

    def __init__(self):
        self._values = [key[3] for key in _KEYS]

    @property
    def is_enabled(self):
        """A device that is not publishes nothing."""
        return self._values[ENABLED] == 1

    @property
    def heartbeat_period_milliseconds(self):
        """`heartbeat_publish_period`."""
        return self._values[HEARTBEAT_PERIOD]

    @property
    def measurement_period_milliseconds(self):
        """`temperature_check_period`."""
        return self._values[MEASUREMENT_PERIOD]

    @property
    def motion_cooldown_milliseconds(self):
        """`motion_cooldown_wait_period`."""
        return self._values[MOTION_COOLDOWN]

    @property
    def configuration_period_milliseconds(self):
        """`check_config_file_period`."""
        return self._values[CONFIGURATION_PERIOD]

    def set(self, key, value):
        """Takes a value; False when it is no integer in the key's range."""
        if value is None or not _KEYS[key][1] <= value <= _KEYS[key][2]:
            return False
        self._values[key] = value
        return True

    def copy(self):
        """Another one with the same values."""
        other = NodeConfiguration()
        other._values = list(self._values)
        return other

    def __eq__(self, other):
        return self._values == other._values

    def apply(self, document):
        """Takes what a JSON object says, the merged configuration of one device. Unknown keys are passed over.

        Gives the keys that were refused, because their values are out of range: their old values stay. Raises
        JSONError where the document is not JSON; nothing is taken then.
        """
        reader = ConfigurationReader(self, document)
        while reader.read_key():
            pass
        self._values = reader.next._values
        return reader.refused


class ConfigurationReader:
    """Reads a document key by key, so that a long one need not be read at one go.

    At its end `next` is the configuration it makes and `refused` the keys whose values are out of range.
    """

    def __init__(self, configuration, document):
        self.next = configuration.copy()
        self.refused = set()
        self._cursor = JSONCursor(document)
        if self._cursor.next() != OBJECT_START:
            raise JSONError(SYNTAX, 0)

    def read_key(self):
        """Goes on to the next key; False at the document's end."""
        cursor = self._cursor
        token = cursor.next()
        if token == END:
            return False
        if token == KEY:
            name = cursor.slice
            value = cursor.skip_value()
            for key in range(len(_KEYS)):
                if name.matches(_KEYS[key][0], cursor.text):
                    if not self.next.set(key, _number(value, cursor.text)):
                        self.refused.add(key)
                    break
        return True


def _number(value, text):
    """A whole number, or `true` and `false` as 1 and 0; None for everything else."""
    if value.matches(b"true", text):
        return 1
    if value.matches(b"false", text):
        return 0
    return value.integer(text)
