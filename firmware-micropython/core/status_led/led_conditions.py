# Mirrors Sources/StatusLED/LEDConditions.swift.
"""Everything that may be true of the board at one moment; `state` is the one that shows."""

from core.status_led import led_state


def state(identify, disabled, booting, joining_wifi, fetching_configuration, offline, sensor_fault):
    """What the LED shows, by the priority of the states."""
    if identify:
        return led_state.IDENTIFY
    if disabled:
        return led_state.DISABLED
    if booting:
        return led_state.BOOTING
    if joining_wifi:
        return led_state.JOINING_WIFI
    if fetching_configuration:
        return led_state.FETCHING_CONFIGURATION
    if offline:
        return led_state.OFFLINE
    if sensor_fault:
        return led_state.SENSOR_FAULT
    return led_state.ONLINE
