# Mirrors Sources/Fans/PWMFan.swift.
"""A fan whose speed follows the temperature: still below `temp_min`, then in a straight line to `temp_max`."""

from core.telemetry.rounding import rounded_division


class PWMFanConfiguration:
    """What a PWM fan is told: `fan_pwm_controller_config`. Temperatures in 0.01 degrees C, duties in percent."""

    def __init__(self):
        self.is_enabled = False
        self.is_manual = False
        self.manual_duty_percent = 0
        self.temperature_minimum_centi_celsius = 3000
        self.temperature_maximum_centi_celsius = 5000
        self.duty_minimum_percent = 30
        self.duty_maximum_percent = 100
        self.hysteresis_centi_celsius = 200


def duty(configuration, temperature_centi_celsius, now, state):
    """What the fan gets, 0 ... 100 percent; `state` is what the last call left."""
    if not configuration.is_enabled:
        state.reset()
        return 0
    state.follow(temperature_centi_celsius, configuration.hysteresis_centi_celsius, now)
    if configuration.is_manual:
        return min(configuration.manual_duty_percent, 100)
    most = min(configuration.duty_maximum_percent, 100)
    if state.is_blind:
        return most
    reference = state.reference_centi_celsius
    if reference is None or reference < configuration.temperature_minimum_centi_celsius:
        return 0
    if reference >= configuration.temperature_maximum_centi_celsius:
        return most
    least = min(configuration.duty_minimum_percent, most)
    span = configuration.temperature_maximum_centi_celsius - configuration.temperature_minimum_centi_celsius
    above = reference - configuration.temperature_minimum_centi_celsius
    return least + rounded_division(above * (most - least), span)
