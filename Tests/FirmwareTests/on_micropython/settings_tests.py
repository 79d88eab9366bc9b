"""What the provisioning wrote, and what the configuration says of broker and pins."""

from core.telemetry.json_cursor import JSONError
from ports.broker_settings import BrokerSettings
from ports.settings import Settings

from flash_folder import folder, put
from world import equal, raises


def test_broken_settings_leave_what_works():
    path = folder("settings") + "/settings.json"
    for content in (
        b"",
        b"[]",
        b"{",
        b'{"wifi":[]}',
        b'{"mqtt":{"port":"x"},"device_id":"a b"}',
        b'{"wifi":{"ssid":7}}',
    ):
        put(path, content)
        settings = Settings("/tmp")
        settings.load(path)
        equal((settings.ssid, settings.broker_port, settings.device_id), ("", 1883, None), content)


def test_the_configuration_names_broker_and_pins_and_nonsense_is_passed_over():
    settings = BrokerSettings()
    settings.apply(
        b'{"mqtt_config":{"broker":"b.example","port":8883,"ssl":true,"user":"","base_topic":"home"},'
        b'"motion_sensor_pin":{"pin":17},"switch_sensor_pin":{"pin":99},"onewire_ds18b20_pin":7,"x":{"mqtt_config":{"port":1}}}'
    )
    equal((settings.host, settings.port, settings.is_tls, settings.base_topic), (b"b.example", 8883, True, b"home"))
    equal((settings.motion_pin, settings.switch_pin, settings.one_wire_pin), (17, 14, 22))
    settings.apply(b'{"mqtt_config":{"broker":7,"port":"1883","base_topic":""}}')
    equal((settings.host, settings.port, settings.base_topic), (b"b.example", 8883, b"home"))
    settings.apply(b"[]")
    raises(JSONError, lambda: settings.apply(b'{"mqtt_config":{'))


def test_broker_and_pins_come_back_as_they_were():
    settings = BrokerSettings()
    settings.apply(
        b'{"mqtt_config":{"broker":"b","port":8883,"user":"u\\"","password":"\\u0001","ssl":true,"base_topic":"home"},'
        b'"i2c_display_pins":{"i2c_sda":6,"i2c_scl":7},"fan_pwm_controller_config":{"enabled":1,"pwm_pin":15,'
        b'"pwm_freq":25000},"fan_step_controller_config":{"pins":[10,11,12]}}'
    )
    again = BrokerSettings()
    again.apply(settings.encode())
    equal(again.__dict__, settings.__dict__)
    equal((again.display_sda, again.fan_pin, again.fan_frequency, again.step_pins), (6, 15, 25_000, (10, 11, 12)))
    plain = BrokerSettings()
    plain.apply(BrokerSettings().encode())
    equal(plain.__dict__, BrokerSettings().__dict__)
    for pins in (b"7", b"[29]", b"[-1]", b'["1"]', b"[1,2,3,4,5,6,7,8,9]"):
        plain.apply(b'{"fan_step_controller_config":{"pins":%s}}' % pins)
        equal(plain.step_pins if pins != b'["1"]' else (), (), pins)
