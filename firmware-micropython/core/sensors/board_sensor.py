# Mirrors Sources/Sensors/BoardSensor.swift.
"""Whatever environment sensor a board has: found, read, and found again after it was lost.

`begin` and `poll` never wait and never fail: a failure is a `Measurement` without values and with the reason, and
every value is from the measurement that the last `begin` started.

The best sensor is taken, in this order: BME280 or BMP280, SHT31, TMP117, DS18B20, the RP2040's own. One that is there
but fails is given three tries before a lesser one is taken; while a lesser one is in use, a better one is looked for
every minute.
"""

from core.hal import i2c_bus
from core.sensors import sensor_driver
from core.sensors.sensor_detection import SensorDetection
from core.sensors.sensor_error import BUS, SensorError
from core.telemetry.measurement import ABSENT, NACK, NONE, OK, ON_CHIP, SHT31, missing
from micropython import const

FAILURES_BEFORE_DETECTION = const(3)
BETTER_SENSOR_MILLISECONDS = const(60_000)

_IDLE = const(0)
_DUE = const(1)  # a measurement is to be started at the next look
_MEASURING = const(2)
_DONE = const(3)


class BoardSensor:
    """A sensor on an I2C bus, a 1-Wire line (or None) or the chip's own converter (or None)."""

    def __init__(self, bus, wire=None, adc=None, offset_centi_celsius=0):
        self.bus = bus
        self.wire = wire
        self.adc = adc
        self.sensor = NONE  # the chip last found
        self._offset_centi_celsius = offset_centi_celsius
        self._driver = None
        self._state = _IDLE
        self._since = 0
        self._measurement = None
        self._failures = 0
        self._failed_detections = 0
        self._looked_at = 0

    def set_offset(self, offset_centi_celsius):
        """Changes what is added to the RP2040's own sensor, in 0.01 degrees C; takes effect at once."""
        self._offset_centi_celsius = offset_centi_celsius
        if sensor_driver.kind(self._driver) == ON_CHIP:
            self._driver.offset_centi_celsius = offset_centi_celsius

    def begin(self, now):
        """Starts a measurement, and looks for a chip first when none is known. One that still runs is abandoned."""
        try:
            if self._driver is None:
                self._detect(now)
            elif (
                sensor_driver.rank(self._driver) > 0
                and (now - self._looked_at) & 0xFFFF_FFFF >= BETTER_SENSOR_MILLISECONDS
            ):
                self._look_for_better(now)
            if sensor_driver.is_timed_by_the_clock(self._driver):
                self._state = _DUE
            else:
                sensor_driver.start(self._driver)
                self._measure_since(now)
        except SensorError as error:
            self._fail(error)

    def poll(self, now):
        """The measurement, once: None while it runs, and when none was begun."""
        if self._state == _DUE:
            self._start(now)
        elif self._state == _MEASURING:
            elapsed = (now - self._since) & 0xFFFF_FFFF
            if elapsed >= sensor_driver.settling_milliseconds(self._driver):
                self._ask(elapsed)
        if self._state != _DONE:
            return None
        self._state = _IDLE
        return self._measurement

    def _measure_since(self, now):
        self._state = _MEASURING
        self._since = now

    def _start(self, now):
        try:
            sensor_driver.start(self._driver)
            self._measure_since(now)
        except SensorError as error:
            self._fail(error)

    def _ask(self, elapsed):
        try:
            answer = sensor_driver.poll(self._driver)
            if answer is not None:
                self._finish(answer)
            elif elapsed >= sensor_driver.patience_milliseconds(self._driver):
                self._finish(missing(sensor_driver.impatience(self._driver), self.sensor))
        except SensorError as error:
            self._fail(error)

    def _fail(self, error):
        self._recover_after(error)
        quality = error.quality()
        # A silent address means a lost chip only when there once was one, and the other way round.
        if self.sensor == NONE and error.is_silence():
            quality = ABSENT
        if self.sensor != NONE and quality == ABSENT:
            quality = NACK
        self._finish(missing(quality, self.sensor))

    def _finish(self, measurement):
        self._state = _DONE
        self._measurement = measurement
        if measurement.quality == OK:
            self._failures = 0
            return
        self._failures += 1
        if self._failures < FAILURES_BEFORE_DETECTION:
            return
        self._failures = 0
        # Whatever state an SHT31 hangs in, the next look finds it as after a power-up, if it can hear at all.
        if sensor_driver.kind(self._driver) == SHT31:
            try:
                self._driver.reset()
            except SensorError:
                pass  # it cannot hear: the next look tells
        self._driver = None

    def _detect(self, now):
        detection = self._look(sensor_driver.rank(self._driver), now)
        failure = detection.failure
        if failure is not None:
            # A better chip that keeps failing gives way to a lesser one, if there is any.
            is_patient = self._failed_detections < FAILURES_BEFORE_DETECTION
            if is_patient:
                self._failed_detections += 1
            if is_patient or detection.found is None:
                raise failure
            self._recover_after(failure)
        self._failed_detections = 0
        if detection.found is None:
            raise SensorError(BUS, i2c_bus.ADDRESS_NOT_ACKNOWLEDGED)
        self._take(detection.found)

    def _look_for_better(self, now):
        detection = self._look(sensor_driver.rank(self._driver), now)
        if detection.failure is not None:
            self._recover_after(detection.failure)
        if detection.found is not None:
            self._take(detection.found)

    def _recover_after(self, error):
        if error.code == BUS and error.cause == i2c_bus.STUCK:
            self.bus.recover()

    def _look(self, rank, now):
        self._looked_at = now
        return SensorDetection(self.bus, self.wire, self.adc, self._offset_centi_celsius, rank)

    def _take(self, found):
        self._driver = found
        self.sensor = sensor_driver.kind(found)
        self._failures = 0
