# Mirrors Sources/Node/ConfigurationTrial.swift.
"""A configuration on trial: it is kept only once the gateway was reached under it, and fails only against its
predecessor. Time counts only while Wi-Fi is joined. The Swift file has the picture.
"""

from core.node.configuration_record import GATEWAY_NOT_REACHED, NOT_JSON, PAST, RefusedConfiguration
from micropython import const

PATIENCE_MILLISECONDS = const(300_000)  # how long either configuration has to reach the gateway

# State: what the status message calls it.
RUNNING = const(0)  # the one that runs is the last good one
TRIAL = const(1)  # a new one runs and has not reached the gateway yet
COMPARING = const(2)  # the last good one runs again, to see whether the network or the new one is at fault
RETURNED = const(3)  # the new one was refused because only the last good one reaches the gateway
REFUSED = const(4)  # the new one was refused as it stands: it is not JSON
STATE_NAMES = (b"running", b"trial", b"comparing", b"returned", b"refused")


class ConfigurationTrial:
    """Nothing on trial."""

    def __init__(self, last_good):
        self.state = RUNNING
        self.last_good = last_good  # under which the gateway was last reached
        self.candidate = None  # the newer one, while it is neither kept nor refused
        self.refused_tag = b""  # of the configuration that was refused last; not tried again, by later lives neither
        # A reading of this boot from here on proves, by its acknowledgement, that the gateway is reached.
        self.proved_by_seq = 0
        self._elapsed_milliseconds = 0

    @property
    def is_open(self):
        """Whether it is open which of two configurations will be kept."""
        return self.state in (TRIAL, COMPARING)

    @property
    def active(self):
        """The one that is to run."""
        return self.candidate if self.state == TRIAL and self.candidate is not None else self.last_good

    def begin(self, new, next_seq):
        """A new one runs from now on."""
        self.candidate = new
        self._run(TRIAL, next_seq)

    def refuse(self, tag):
        """What came with that tag is no configuration."""
        self.refused_tag = tag
        if not self.is_open:
            self.state = REFUSED

    @property
    def refused(self):
        """What is to be remembered of the refused one; None when none was."""
        if not self.refused_tag:
            return None
        reason = GATEWAY_NOT_REACHED if self.state == RETURNED else NOT_JSON if self.state == REFUSED else PAST
        return RefusedConfiguration(self.refused_tag, reason)

    def restore(self, refused):
        """What an earlier life remembered."""
        self.refused_tag = refused.tag
        if refused.reason != PAST:
            self.state = RETURNED if refused.reason == GATEWAY_NOT_REACHED else REFUSED

    def settle(self):
        """The newest document is the one that is kept."""
        self.candidate = None
        self.state = RUNNING

    def advance(self, milliseconds, next_seq):
        """True when the other configuration is to run from now on."""
        if not self.is_open:
            return False
        self._elapsed_milliseconds += milliseconds
        if self._elapsed_milliseconds < PATIENCE_MILLISECONDS:
            return False
        self._run(COMPARING if self.state == TRIAL else TRIAL, next_seq)
        return True

    def gateway_reached(self):
        """The gateway was reached under the configuration that runs. True when that decided something."""
        if not self.is_open or self.candidate is None:
            return False
        if self.state == TRIAL:
            self.last_good = self.candidate
            self.state = RUNNING
        else:
            self.refused_tag = self.candidate.tag
            self.state = RETURNED
        self.candidate = None
        return True

    def _run(self, state, next_seq):
        self.state = state
        self._elapsed_milliseconds = 0
        self.proved_by_seq = next_seq
