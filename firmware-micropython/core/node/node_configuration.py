# Mirrors Sources/Node/NodeConfiguration.swift.
"""What a device is told about its work. Every value is in its range at any time; names and ranges are those of
configuration_key.py and of protocol/configuration.md.
"""

from core.fans.pwm_fan import PWMFanConfiguration
from core.fans.step_fans import StepFansConfiguration
from core.node import configuration_key as keys
from core.telemetry.json_cursor import (
    ARRAY_END,
    ARRAY_START,
    END,
    KEY,
    NUMBER,
    OBJECT_END,
    OBJECT_START,
    SYNTAX,
    JSONCursor,
    JSONError,
)
from micropython import const

_OFF = const(0)  # LogLevel.off


class NodeConfiguration:
    """The built-in configuration."""

    def __init__(self):
        self.values = [key[4] for key in keys.KEYS]

    def set(self, key, value):
        """Takes a value; False when it is no integer in the key's range."""
        if not keys.is_taken(key, value):
            return False
        self.values[key] = value
        return True

    def copy(self):
        """Another one with the same values."""
        other = NodeConfiguration()
        other.values = list(self.values)
        return other

    def __eq__(self, other):
        return self.values == other.values

    def apply(self, document):
        """Takes what a JSON object says, the merged configuration of one device. Unknown keys are passed over; of a key
        that comes twice the last counts.

        Gives the keys that were refused, because their values are out of range: their old values stay. Raises
        JSONError where the document is not JSON; nothing is taken then.
        """
        reader = ConfigurationReader(document)
        while reader.read_key():
            pass
        reader.give(self)
        return reader.refused

    # The values by their meaning

    @property
    def is_enabled(self):
        """A device that is not publishes nothing."""
        return self.values[keys.ENABLED] == 1

    @property
    def heartbeat_period_milliseconds(self):
        """`heartbeat_publish_period`."""
        return self.values[keys.HEARTBEAT_PERIOD]

    @property
    def measurement_period_milliseconds(self):
        """`temperature_check_period`."""
        return self.values[keys.MEASUREMENT_PERIOD]

    @property
    def motion_cooldown_milliseconds(self):
        """`motion_cooldown_wait_period`."""
        return self.values[keys.MOTION_COOLDOWN]

    @property
    def configuration_period_milliseconds(self):
        """`check_config_file_period`."""
        return self.values[keys.CONFIGURATION_PERIOD]

    @property
    def payload_version(self):
        """2, or 1 for an old back end."""
        return self.values[keys.PAYLOAD_VERSION]

    @property
    def display_unit(self):
        """The display's TemperatureUnit."""
        return self.values[keys.DISPLAY_UNITS]

    @property
    def log_level(self):
        """`remote_log_level`; off where `remote_logger.mqtt.enabled` is 0."""
        return self.values[keys.LOG_LEVEL] if self.values[keys.LOG_ENABLED] == 1 else _OFF

    def pwm_fan(self):
        """`fan_pwm_controller_config`."""
        values = self.values
        fan = PWMFanConfiguration()
        fan.is_enabled = values[keys.PWM_ENABLED] == 1
        fan.is_manual = values[keys.PWM_MANUAL] == 1
        fan.manual_duty_percent = values[keys.PWM_MANUAL_DUTY]
        fan.temperature_minimum_centi_celsius = values[keys.PWM_MINIMUM]
        fan.temperature_maximum_centi_celsius = values[keys.PWM_MAXIMUM]
        fan.duty_minimum_percent = values[keys.PWM_LEAST_DUTY]
        fan.duty_maximum_percent = values[keys.PWM_MOST_DUTY]
        fan.hysteresis_centi_celsius = values[keys.PWM_HYSTERESIS]
        return fan

    def step_fans(self):
        """`fan_step_controller_config`."""
        values = self.values
        fans = StepFansConfiguration()
        fans.is_enabled = values[keys.STEP_ENABLED] == 1
        fans.is_manual = values[keys.STEP_MANUAL] == 1
        fans.manual_count = values[keys.STEP_MANUAL_COUNT]
        fans.fan_count = values[keys.STEP_FANS]
        fans.temperature_minimum_centi_celsius = values[keys.STEP_MINIMUM]
        fans.temperature_maximum_centi_celsius = values[keys.STEP_MAXIMUM]
        fans.hysteresis_centi_celsius = values[keys.STEP_HYSTERESIS]
        return fans


class ConfigurationReader:
    """Reads a document key by key, so that a long one need not be read at one go.

    At its end `refused` has the keys whose values are out of range, and `give` hands the others over. Raises JSONError
    where the document is not JSON.
    """

    def __init__(self, document):
        self.refused = set()
        self._given = {}
        self._group = keys.ROOT
        self._cursor = JSONCursor(document)
        self._is_begun = False

    def read_key(self):
        """Goes on to the next key; False at the document's end."""
        cursor = self._cursor
        if not self._is_begun:
            self._is_begun = True
            if cursor.next() != OBJECT_START:
                raise JSONError(SYNTAX, 0)
        token = cursor.next()
        if token == END:
            return False
        if token == OBJECT_END:
            self._group = keys.GROUPS[self._group][1]
        elif token == KEY:
            name, text = cursor.slice, cursor.text
            inner = keys.group_named(name, self._group, text)
            if inner is not None and cursor.is_at_object():
                cursor.next()
                self._group = inner
                return True
            key = keys.key_named(name, self._group, text)
            value = cursor.skip_value()
            if key is not None:
                self._take(key, _number(key, value, text))
        return True

    def _take(self, key, number):
        if keys.is_taken(key, number):
            self._given[key] = number
            self.refused.discard(key)
        else:
            self.refused.add(key)

    def give(self, configuration):
        """Puts the values that were read into a configuration."""
        for key, number in self._given.items():
            configuration.values[key] = number


def _number(key, value, text):
    """What a value in a document means in the unit that is stored; None when it means nothing."""
    # A row of fans is as long as its list of pins.
    if key == keys.STEP_FANS:
        return _elements(value, text)
    words = keys.words(key)
    for index, word in enumerate(words):
        if value.matches(word, text):
            return index
    if words:
        return None
    if keys.is_switch(key):
        if value.matches(b"true", text):
            return 1
        if value.matches(b"false", text):
            return 0
    return value.fixed_point(2, text) if keys.has_decimals(key) else value.integer(text)


def _elements(value, text):
    cursor = JSONCursor(text, value.start)
    if cursor.next() != ARRAY_START:
        return None
    count = 0
    while cursor.position < value.end:
        token = cursor.next()
        if token == ARRAY_END:
            return count
        if token != NUMBER:
            return None
        count += 1
    return None
