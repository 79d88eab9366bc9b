"""What the configuration document says of the broker and the pins, read without building a tree."""

from core.telemetry.json_cursor import END, KEY, OBJECT_START, JSONCursor
from micropython import const

_LONGEST_TEXT = const(64)

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
)
_TEXTS = ("host", "user", "password", "base_topic")
_PINS = ("sda", "scl", "one_wire_pin", "motion_pin", "switch_pin")
_LAST_PIN = const(28)


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
                if document[cursor.position :].lstrip()[:1] != b"{":
                    cursor.skip_value()
                else:
                    cursor.next()
                    self._read(cursor, outer, document)
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
        else:
            number = value.integer(document)
            highest = _LAST_PIN if attribute in _PINS else 65_535
            lowest = 0 if attribute in _PINS else 1
            if number is not None and lowest <= number <= highest:
                setattr(self, attribute, number)
