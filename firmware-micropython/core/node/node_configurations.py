# Mirrors Sources/Node/Node+Configuration.swift.
"""The node's part that takes configurations, tries them and keeps them."""

from core.node import log
from core.node.configuration_key import MOTION_CHECK_PERIOD, SWITCH_CHECK_PERIOD, SWITCH_DEBOUNCE
from core.node.configuration_record import LONGEST_TAG, TaggedConfiguration
from core.node.configuration_trial import RETURNED, ConfigurationTrial
from core.node.node_configuration import ConfigurationReader
from core.telemetry.json_cursor import JSONError
from micropython import const

# The longest wait for a heartbeat while a configuration is on trial.
_TRIAL_HEARTBEAT_MILLISECONDS = const(60_000)
_RETRY_MILLISECONDS = const(30_000)
_ANY_READING = const(0xFFFF_FFFF)


class NodeConfigurations:
    """What a node does with configurations."""

    @property
    def last_good_configuration(self):
        """What to keep in flash as the last good configuration."""
        return self._trial.last_good

    @property
    def candidate_configuration(self):
        """What to keep in flash as the configuration on trial; None: keep none."""
        return self._trial.candidate

    @property
    def refused_configuration(self):
        """What to keep in flash of the configuration that was refused last; None: keep none."""
        return self._trial.refused

    def restore_configuration(self, last_good, candidate, refused=None):
        """Before the first step: what was kept in flash, or None. The trial of the candidate begins anew."""
        if last_good is not None:
            self._trial = ConfigurationTrial(last_good)
        if refused is not None:
            self._trial.restore(refused)
        if candidate is not None:
            self._trial.begin(candidate, self.made + 1)
        self._run_active_configuration()

    def configuration_arrived(self, document, tag):
        """A configuration arrived. It runs at once, on trial: it is kept once the gateway was reached under it.

        Gives the keys whose values were refused; their old values stay. Raises JSONError where the document is not
        JSON; the old configuration stays.
        """
        tag = tag[:LONGEST_TAG]
        if self.passes_over_configuration(tag):
            return ()
        reader = ConfigurationReader(document)
        try:
            while reader.read_key():
                pass
        except JSONError as error:
            self.configuration_is_no_json(tag, error)
            raise
        self.configuration_was_read(reader, tag)
        return reader.refused

    def passes_over_configuration(self, tag):
        """Ends the fetch of what need not be read: the one on trial, which the server hands out again while the last
        good one is compared with it, and the one that failed, which stays refused. False where it has to be read.
        """
        trial = self._trial
        if not tag or (tag != trial.refused_tag and (trial.candidate is None or tag != trial.candidate.tag)):
            return False
        self._end_fetch()
        return True

    def configuration_is_no_json(self, tag, error):
        """What came cannot be read; the old configuration stays."""
        self._trial.refuse(tag)
        self.status_edition += 1
        self._is_storing_configuration = True
        self.log(log.ERROR, b"configuration is not JSON", min(error.offset, 0x7FFF_FFFF))
        self._end_fetch()

    def configuration_was_read(self, reader, tag):
        """A configuration has been read to its end, by the shell key by key or by `configuration_arrived` at one go."""
        trial = self._trial
        following = trial.last_good.configuration.copy()
        reader.give(following)
        self._refused_keys = sorted(reader.refused)
        if self._refused_keys:
            self.log(log.WARNING, b"configuration: values refused")
        if tag == trial.last_good.tag and following == trial.last_good.configuration:
            trial.settle()
        else:
            trial.begin(TaggedConfiguration(following, tag), self.made + 1)
        self._run_active_configuration()
        # The next look is due by the new period.
        self._end_fetch()

    def configuration_is_unchanged(self):
        """The configuration in use is the newest."""
        self._end_fetch()
        # A device that publishes nothing gets no acknowledgement: that server and broker answer is all it can know.
        if not self.configuration.is_enabled and self.link.is_connected:
            self._gateway_reached(_ANY_READING)

    def _end_fetch(self):
        self._configuration_fetch.end(self.uptime_milliseconds, self.configuration.configuration_period_milliseconds)

    def configuration_failed(self):
        """The configuration could not be fetched: the one in use stays, and it is tried again."""
        period = self.configuration.configuration_period_milliseconds
        self._configuration_fetch.end(self.uptime_milliseconds, min(_RETRY_MILLISECONDS, period))

    def configuration_announced(self, tag):
        """The gateway says which configuration is the newest: one that is not known yet is fetched at once."""
        tag = tag[:LONGEST_TAG]
        candidate = self._trial.candidate
        if tag == self.configuration_tag or (candidate is not None and tag == candidate.tag):
            return
        if not tag or tag != self._trial.refused_tag:
            self._configuration_fetch.hurry()

    def _gateway_reached(self, seq):
        """The gateway holds reading `seq` of this boot."""
        if seq < self._trial.proved_by_seq or not self._trial.gateway_reached():
            return
        if self._trial.state == RETURNED:
            self.log(log.ERROR, b"configuration refused: gateway not reached")
        self._run_active_configuration()

    def _run_active_configuration(self):
        """Makes the configuration that is to run the one that runs."""
        active = self._trial.active
        self.configuration = active.configuration
        self.configuration_tag = active.tag
        self.status_edition += 1
        self._is_storing_configuration = True
        configuration, uptime = self.configuration, self.uptime_milliseconds
        values = configuration.values
        self._motion.cooldown_milliseconds = configuration.motion_cooldown_milliseconds
        self._door.debounce_milliseconds = values[SWITCH_DEBOUNCE]
        self._take_fans()
        # A shorter period begins now, not after the longer one has run out.
        self._measurement_due = min(self._measurement_due, uptime + configuration.measurement_period_milliseconds)
        self._heartbeat_due = min(self._heartbeat_due, uptime + configuration.heartbeat_period_milliseconds)
        self._motion_due = min(self._motion_due, uptime + values[MOTION_CHECK_PERIOD])
        self._door_due = min(self._door_due, uptime + values[SWITCH_CHECK_PERIOD])
        if not self._trial.is_open:
            return
        # A trial needs a reading whose acknowledgement decides it, however long the period.
        self._heartbeat_due = min(self._heartbeat_due, uptime + _TRIAL_HEARTBEAT_MILLISECONDS)
        if not configuration.is_enabled:
            self._configuration_fetch.hurry()
