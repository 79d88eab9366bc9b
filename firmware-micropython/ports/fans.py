"""The fans' pins: one that is switched fast, and a row of them that are on or off."""

from ports.pins import OutputPin, PWMPin


class Fans:
    """A PWM fan on `pwm_pin` (None: there is none) and switched fans on `step_pins`; all still until told."""

    def __init__(self, pwm_pin, frequency, step_pins):
        self._pwm = None if pwm_pin is None else PWMPin(pwm_pin, frequency)
        self._steps = [OutputPin(number) for number in step_pins]
        self._duty_percent = 0
        for pin in self._steps:
            pin.set(False)

    def drive(self, duty_percent, active):
        """What the node says: percent for the one, how many of the others run; None is none, its pins are low."""
        duty_percent = duty_percent or 0
        if self._pwm is not None and duty_percent != self._duty_percent:
            self._duty_percent = duty_percent
            self._pwm.set(duty_percent)
        for index, pin in enumerate(self._steps):
            pin.set(index < (active or 0))
