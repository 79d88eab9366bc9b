# Mirrors Sources/Node/ConfigurationFetch.swift.
"""When the configuration is to be fetched."""


class ConfigurationFetch:
    """Due at once."""

    def __init__(self):
        self._is_under_way = False
        self._due = 0  # uptime at which it is due, ms
        # Whether an attempt has ended, well or badly: publishing waits for the first, never for a server that is down.
        self.has_ended = False

    def begin(self, uptime, is_joined):
        """Whether to begin now."""
        if not is_joined or self._is_under_way or uptime < self._due:
            return False
        self._is_under_way = True
        return True

    def end(self, uptime, retry_after):
        """An attempt ended."""
        self._is_under_way = False
        self.has_ended = True
        self._due = uptime + retry_after

    def hurry(self):
        """The next attempt is due now."""
        self._due = 0
