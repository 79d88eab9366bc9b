"""What the configuration document says of the broker and the pins, read without building a tree."""

from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import ARRAY_START, END, KEY, NUMBER, OBJECT_START, JSONCursor
from micropython import const

_LONGEST_TEXT = const(64)
_LONGEST_DOCUMENT = const(2_048)

# Key in the document -> key inside it -> attribute.
_PLACES = (
    (b"mqtt_config", b"broker", "host"),
    (b"mqtt_config", b"port", "port"),
    (b"mqtt_config", b"user", "user"),
    (b"mqtt_config", b"password", "password"),
    (b"mqtt_config", b"base_topic", "base_topic"),
    (b"mqtt_config", b"ssl", "is_tls"),
    (b"i2c_temp_sensor_pins", b"i2c_sda", "sda"),
    (b"i2c_temp_sensor_pins", b"i2c_scl", "scl"),
    (b"onewire_ds18b20_pin", b"pin", "one_wire_pin"),
    (b"motion_sensor_pin", b"pin", "motion_pin"),
    (b"switch_sensor_pin", b"pin", "switch_pin"),
    (b"i2c_display_pins", b"i2c_sda", "display_sda"),
    (b"i2c_display_pins", b"i2c_scl", "display_scl"),
    (b"fan_pwm_controller_config", b"pwm_pin", "fan_pin"),
    (b"fan_pwm_controller_config", b"pwm_freq", "fan_frequency"),
    (b"fan_step_controller_config", b"pins", "step_pins"),
)
_TEXTS = ("host", "user", "password", "base_topic")
_PINS = ("sda", "scl", "one_wire_pin", "motion_pin", "switch_pin", "display_sda", "display_scl", "fan_pin")
_LAST_PIN = const(28)
_MOST_FANS = const(8)


class BrokerSettings:
    """Where the broker is, and which pins are used; what the fleet has when nothing is said."""

    def __init__(self):
        self.host = b""
        self.port = 1883
        self.user = b""
        self.password = b""
        self.base_topic = b"iots6"
        self.is_tls = False
        self.sda = 4
        self.scl = 5
        self.one_wire_pin = 22
        self.motion_pin = 16
        self.switch_pin = 14
        self.display_sda = None  # None: the display is on the sensors' bus
        self.display_scl = None
        self.fan_pin = None  # None: there is no PWM fan
        self.fan_frequency = 64  # Hz
        self.step_pins = ()  # of the switched fans

    def encode(self):
        """A document that says the same, for flash. Raises ValueError where there is too much to say."""
        document = InlineBytes(_LONGEST_DOCUMENT)
        outer = None
        for group, key, attribute in _PLACES:
            value = getattr(self, attribute)
            if value is None:
                continue
            if group != outer:
                document.append(b"{" if outer is None else b"},")
                document.append(b'"%s":{' % group)
            else:
                document.append(b",")
            outer = group
            document.append(b'"%s":' % key)
            if attribute in _TEXTS:
                document.append_json_string(value)
            elif attribute == "step_pins":
                document.append(b"[%s]" % b",".join(b"%d" % pin for pin in value))
            else:
                document.append(b"%d" % value)
        document.append(b"}}")
        if document.overflowed:
            raise ValueError("broker and pins take more than %d bytes" % _LONGEST_DOCUMENT)
        return bytes(document.view())

    def apply(self, document):
        """Takes what a document says that has been read once without an error; wrong types and ranges are passed
        over.
        """
        cursor = JSONCursor(document)
        if cursor.next() != OBJECT_START:
            return
        outer = None
        while True:
            token = cursor.next()
            if token == END:
                return
            if token != KEY:
                continue
            name = cursor.slice
            if any(name.matches(place[0], document) for place in _PLACES):
                outer = bytes(document[name.start : name.end])
                if cursor.is_at_object():
                    cursor.next()
                    self._read(cursor, outer, document)
                else:
                    cursor.skip_value()
            else:
                cursor.skip_value()

    def _read(self, cursor, outer, document):
        while cursor.next() == KEY:
            name = cursor.slice
            value = cursor.skip_value()
            for place in _PLACES:
                if place[0] == outer and name.matches(place[1], document):
                    self._set(place[2], value, document)

    def _set(self, attribute, value, document):
        if attribute in _TEXTS:
            if document[value.start] != 0x22 or value.end - value.start - 2 > _LONGEST_TEXT:
                return
            cursor = JSONCursor(document[value.start : value.end])
            cursor.next()
            text = cursor.slice.string(cursor.text, _LONGEST_TEXT)
            if text is not None and (text or attribute in ("user", "password")):
                setattr(self, attribute, text)
        elif attribute == "is_tls":
            self.is_tls = value.matches(b"true", document) or value.matches(b"1", document)
        elif attribute == "step_pins":
            pins = _pins(JSONCursor(document, value.start))
            if pins is not None:
                self.step_pins = pins
        else:
            number = value.integer(document)
            highest = _LAST_PIN if attribute in _PINS else 65_535
            lowest = 0 if attribute in _PINS else 1
            if number is not None and lowest <= number <= highest:
                setattr(self, attribute, number)


def _pins(cursor):
    """The numbers of a list of pins, or None where it is none."""
    if cursor.next() != ARRAY_START:
        return None
    pins = []
    while cursor.next() == NUMBER:
        number = cursor.slice.integer(cursor.text)
        if number is None or not 0 <= number <= _LAST_PIN or len(pins) == _MOST_FANS:
            return None
        pins.append(number)
    return tuple(pins)
