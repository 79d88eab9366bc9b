# Mirrors Sources/Sensors/SensorDetection.swift.
"""One walk over a board's buses, looking for the best sensor: BME280 or BMP280, SHT31, TMP117, DS18B20, on-chip."""

from core.hal import i2c_bus
from core.sensors import one_wire_search
from core.sensors.bme280 import BME280
from core.sensors.ds18b20 import DS18B20, FAMILY
from core.sensors.on_chip_temperature import OnChipTemperature
from core.sensors.sensor_error import BUS, UNEXPECTED_ID, SensorError
from core.sensors.sht31 import SHT31
from core.sensors.tmp117 import TMP117


class SensorDetection:
    """Looks for a chip that comes before `rank` in the order.

    `found` is the best that answered rightly, `failure` what a better one did wrong, that is there but did not answer
    rightly.
    """

    def __init__(self, bus, wire, adc, offset_centi_celsius, rank):
        self.found = None
        self.failure = None
        # Two time-outs are the bus's fault, not a chip's; each costs 20 ms.
        self._timeouts = 0
        self._is_bus_lost = False
        if rank > 0:
            self._look(BME280, bus, (0x76, 0x77))
        if rank > 1:
            self._look(SHT31, bus, (0x44, 0x45))
        if rank > 2:
            self._look(TMP117, bus, (0x48, 0x49, 0x4A, 0x4B))
        if rank > 3 and wire is not None:
            self._look_for_maxim(wire)
        if rank > 4 and adc is not None and adc.is_present() and self.found is None:
            self.found = OnChipTemperature(adc, offset_centi_celsius)

    def _look(self, driver, bus, addresses):
        for address in addresses:
            if self.found is not None or self._is_bus_lost:
                return
            chip = driver(bus, address)
            try:
                chip.probe()
                self.found = chip
            except SensorError as error:
                self._note(error)

    def _look_for_maxim(self, wire):
        if self.found is not None:
            return
        try:
            codes = one_wire_search.run(wire, FAMILY, 1)
            if not codes:
                return
            chip = DS18B20(wire, codes[0])
            chip.probe()
            self.found = chip
        except SensorError as error:
            self._note(error)

    def _note(self, error):
        # A chip of another kind may live at one of our addresses.
        if error.code == UNEXPECTED_ID or error.is_silence():
            return
        if error.code == BUS and error.cause == i2c_bus.STUCK:
            self._is_bus_lost = True
        if error.code == BUS and error.cause == i2c_bus.TIMEOUT:
            self._timeouts += 1
            if self._timeouts == 2:
                self._is_bus_lost = True
        # The first says most: it is the best chip's.
        if self.failure is None:
            self.failure = error
