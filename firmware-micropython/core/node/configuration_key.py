# Mirrors Sources/Node/ConfigurationKey.swift.
"""The keys of the configuration document that a device follows, in the order in which values are stored
(protocol/configuration.md).
"""

from micropython import const

ENABLED = const(0)
HEARTBEAT_PERIOD = const(1)
MEASUREMENT_PERIOD = const(2)
MOTION_COOLDOWN = const(3)
MOTION_CHECK_PERIOD = const(4)
SWITCH_CHECK_PERIOD = const(5)
SWITCH_DEBOUNCE = const(6)
CONFIGURATION_PERIOD = const(7)
PAYLOAD_VERSION = const(8)
DISPLAY_UNITS = const(9)
DISPLAY_DIM_PERIOD = const(10)
DISPLAY_SHIFT_PERIOD = const(11)
LOG_LEVEL = const(12)
LOG_ENABLED = const(13)
PWM_ENABLED = const(14)
PWM_MINIMUM = const(15)
PWM_MAXIMUM = const(16)
PWM_LEAST_DUTY = const(17)
PWM_MOST_DUTY = const(18)
PWM_HYSTERESIS = const(19)
PWM_MANUAL = const(20)
PWM_MANUAL_DUTY = const(21)
STEP_ENABLED = const(22)
STEP_MINIMUM = const(23)
STEP_MAXIMUM = const(24)
STEP_HYSTERESIS = const(25)
STEP_FANS = const(26)
STEP_MANUAL = const(27)
STEP_MANUAL_COUNT = const(28)
ON_CHIP_OFFSET = const(29)
COUNT = const(30)

# ConfigurationGroup: the objects of the document that hold keys, by their place in GROUPS.
ROOT = const(0)
LOGGER = const(1)
LOGGER_MQTT = const(2)
PWM = const(3)
PWM_MANUAL_GROUP = const(4)
STEP = const(5)
STEP_MANUAL_GROUP = const(6)

# Name, and the object that holds it; the document holds itself.
GROUPS = (
    (b"", ROOT),
    (b"remote_logger", ROOT),
    (b"mqtt", LOGGER),
    (b"fan_pwm_controller_config", ROOT),
    (b"manual_override", PWM),
    (b"fan_step_controller_config", ROOT),
    (b"manual_override", STEP),
)

# Name, group, the least and the most that is taken, the built-in value; in the unit that is stored: ms, 0.01 degrees C,
# percent, a count, or a word's place.
KEYS = (
    (b"enabled", ROOT, 0, 1, 1),
    (b"heartbeat_publish_period", ROOT, 1000, 86_400_000, 60_000),
    (b"temperature_check_period", ROOT, 500, 3_600_000, 5000),
    (b"motion_cooldown_wait_period", ROOT, 0, 3_600_000, 60_000),
    (b"motion_check_period", ROOT, 0, 10_000, 0),
    (b"switch_check_period", ROOT, 0, 10_000, 0),
    (b"switch_debounce_period", ROOT, 0, 10_000, 30),
    (b"check_config_file_period", ROOT, 1000, 86_400_000, 60_000),
    (b"payload_version", ROOT, 1, 2, 2),
    (b"display_units", ROOT, 0, 1, 0),
    (b"display_dim_period", ROOT, 0, 86_400_000, 600_000),
    (b"display_shift_period", ROOT, 0, 86_400_000, 180_000),
    (b"remote_log_level", ROOT, 0, 4, 2),
    (b"enabled", LOGGER_MQTT, 0, 1, 1),
    (b"enabled", PWM, 0, 1, 0),
    (b"temp_min", PWM, -4000, 12_500, 3000),
    (b"temp_max", PWM, -4000, 12_500, 5000),
    (b"fan_min_duty", PWM, 0, 100, 30),
    (b"fan_max_duty", PWM, 0, 100, 100),
    (b"hysteresis", PWM, 0, 5000, 200),
    (b"enabled", PWM_MANUAL_GROUP, 0, 1, 0),
    (b"manual_dutycycle", PWM_MANUAL_GROUP, 0, 100, 0),
    (b"enabled", STEP, 0, 1, 0),
    (b"temp_min", STEP, -4000, 12_500, 3000),
    (b"temp_max", STEP, -4000, 12_500, 5000),
    (b"hysteresis", STEP, 0, 5000, 200),
    (b"pins", STEP, 0, 8, 0),
    (b"enabled", STEP_MANUAL_GROUP, 0, 1, 0),
    (b"fans_active", STEP_MANUAL_GROUP, 0, 8, 0),
    (b"onchip_temperature_offset", ROOT, -5000, 5000, 0),
)

# Temperatures are in degrees Celsius with two decimals, the rest is whole.
_WITH_DECIMALS = (
    PWM_MINIMUM,
    PWM_MAXIMUM,
    PWM_HYSTERESIS,
    STEP_MINIMUM,
    STEP_MAXIMUM,
    STEP_HYSTERESIS,
    ON_CHIP_OFFSET,
)
_UNITS = (b'"C"', b'"F"')
_LEVELS = (b'"off"', b'"error"', b'"warning"', b'"info"', b'"debug"')


def is_taken(key, value):
    """Whether a value (None is none) is in the key's range."""
    return value is not None and KEYS[key][2] <= value <= KEYS[key][3]


def has_decimals(key):
    """Whether a value is a temperature in 0.01 degrees C."""
    return key in _WITH_DECIMALS


def is_switch(key):
    """Whether `true` and `false` are 1 and 0."""
    return KEYS[key][3] == 1 and key != DISPLAY_UNITS


def words(key):
    """The words that stand for values from 0 on; empty where the value is a number."""
    if key == DISPLAY_UNITS:
        return _UNITS
    return _LEVELS if key == LOG_LEVEL else ()


def key_named(name, group, text):
    """The key of that name (a slice of `text`) in a group, or None."""
    for key in range(COUNT):
        if KEYS[key][1] == group and name.matches(KEYS[key][0], text):
            return key
    return None


def group_named(name, parent, text):
    """The object of that name (a slice of `text`) in another one, or None."""
    for group in range(1, len(GROUPS)):
        if GROUPS[group][1] == parent and name.matches(GROUPS[group][0], text):
            return group
    return None


def path(key):
    """The name with the names of the objects around it: `fan_pwm_controller_config.manual_override.enabled`."""
    name, group = KEYS[key][0], KEYS[key][1]
    while group != ROOT:
        name = GROUPS[group][0] + b"." + name
        group = GROUPS[group][1]
    return name
