# Mirrors Sources/Fans/StepFans.swift.
"""Fans that are switched on one after another: the first at `temp_min`, the last at `temp_max`."""


class StepFansConfiguration:
    """What a row of switched fans is told: `fan_step_controller_config`. Temperatures in 0.01 degrees C."""

    def __init__(self):
        self.is_enabled = False
        self.is_manual = False
        self.manual_count = 0
        self.fan_count = 0
        self.temperature_minimum_centi_celsius = 3000
        self.temperature_maximum_centi_celsius = 5000
        self.hysteresis_centi_celsius = 200


def count(configuration, temperature_centi_celsius, now, state):
    """How many fans run, 0 ... `fan_count`; `state` is what the last call left."""
    if not configuration.is_enabled:
        state.reset()
        return 0
    state.follow(temperature_centi_celsius, configuration.hysteresis_centi_celsius, now)
    if configuration.is_manual:
        return min(configuration.manual_count, configuration.fan_count)
    if state.is_blind:
        return configuration.fan_count
    reference = state.reference_centi_celsius
    if reference is None or configuration.fan_count == 0 or reference < configuration.temperature_minimum_centi_celsius:
        return 0
    if reference >= configuration.temperature_maximum_centi_celsius:
        return configuration.fan_count
    span = configuration.temperature_maximum_centi_celsius - configuration.temperature_minimum_centi_celsius
    above = reference - configuration.temperature_minimum_centi_celsius
    return 1 + above * (configuration.fan_count - 1) // span
