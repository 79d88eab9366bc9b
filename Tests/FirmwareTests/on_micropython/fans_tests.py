"""Fans as Tests/FansTests has them: thresholds, hysteresis, override, a sensor that falls silent."""

from core.fans import pwm_fan, step_fans
from core.fans.fan_state import FanState

from world import equal


def pwm(**changes):
    configuration = pwm_fan.PWMFanConfiguration()
    configuration.is_enabled = True
    for name, value in changes.items():
        setattr(configuration, name, value)
    return configuration


def steps(count=3):
    configuration = step_fans.StepFansConfiguration()
    configuration.is_enabled = True
    configuration.fan_count = count
    return configuration


def test_the_duty_follows_the_temperature_in_a_straight_line():
    for temperature, duty in ((2999, 0), (3000, 30), (4000, 65), (4990, 100), (5000, 100), (9000, 100)):
        equal(pwm_fan.duty(pwm(), temperature, 0, FanState()), duty, temperature)


def test_a_falling_temperature_is_followed_at_the_distance_of_the_hysteresis():
    state = FanState()
    equal(pwm_fan.duty(pwm(), 3100, 0, state), 34)
    equal(pwm_fan.duty(pwm(), 2950, 0, state), 34)
    equal(pwm_fan.duty(pwm(), 2850, 0, state), 32)
    equal(pwm_fan.duty(pwm(), 2750, 0, state), 0)


def test_without_a_temperature_for_a_minute_the_fan_runs_at_its_most_across_the_wrap_of_the_tick():
    state = FanState()
    start = 0xFFFF_F000
    equal(pwm_fan.duty(pwm(), 3000, start, state), 30)
    equal(pwm_fan.duty(pwm(), None, start, state), 30)
    equal(pwm_fan.duty(pwm(), None, (start + 59_999) & 0xFFFF_FFFF, state), 30)
    equal(pwm_fan.duty(pwm(), None, (start + 60_000) & 0xFFFF_FFFF, state), 100)
    equal(pwm_fan.duty(pwm(), 3000, start, state), 30)


def test_an_override_and_a_fan_that_is_off_do_as_they_are_told():
    equal(pwm_fan.duty(pwm(is_manual=True, manual_duty_percent=250), 3000, 0, FanState()), 100)
    equal(pwm_fan.duty(pwm(is_enabled=False), 9000, 0, FanState()), 0)
    equal(pwm_fan.duty(pwm(temperature_maximum_centi_celsius=3000), 3000, 0, FanState()), 100)


def test_fans_start_one_after_another():
    for temperature, count in ((2999, 0), (3000, 1), (3999, 1), (4000, 2), (4999, 2), (5000, 3)):
        equal(step_fans.count(steps(), temperature, 0, FanState()), count, temperature)
    equal(step_fans.count(steps(0), 9000, 0, FanState()), 0)
