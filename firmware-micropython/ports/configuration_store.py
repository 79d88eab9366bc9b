"""The last good configuration and the one on trial, each with its broker and pins, and what was refused last, kept in
flash over a restart.

Three files, each replaced at once: a power cut leaves the old one or the new one. What proved itself is written before
the file of the trial goes, and so is what was refused: a cut between the two only begins the same trial again.
"""

from core.node import configuration_record
from micropython import const
from ports import flash, log
from ports.broker_settings import BrokerSettings

_LONGEST_FILE = const(2_304)


class Kept:
    """A configuration (`tagged`) and the broker and pins that came in the same document."""

    def __init__(self, tagged, broker):
        self.tagged = tagged
        self.broker = broker


class ConfigurationStore:
    """What is kept in `folder`; `good` and `candidate` are Kept, or None."""

    def __init__(self, folder):
        self._good_path = folder + "/configuration"
        self._candidate_path = folder + "/candidate"
        self.good = _read(self._good_path)
        self.candidate = _read(self._candidate_path)
        self._refused_path = folder + "/refused"
        self._refused = flash.read(self._refused_path, configuration_record.LONGEST_REFUSED_RECORD) or b""
        self._arrived = None

    def restore(self, node):
        """Before the node's first step: gives it what was kept."""
        good, candidate = self.good, self.candidate
        refused = configuration_record.decode_refused(self._refused)
        node.restore_configuration(good and good.tagged, candidate and candidate.tagged, refused)
        if good is None:
            self.good = Kept(node.last_good_configuration, BrokerSettings())

    def arrived(self, node, broker):
        """A document was read into the node; `broker` is what it says of the rest."""
        self._arrived = broker
        if node.candidate_configuration is None:
            # The document that is kept came again.
            self.good.broker = broker

    def active(self, node):
        """Broker and pins of the configuration that runs."""
        candidate = self.candidate
        if candidate is not None and node.configuration is candidate.tagged.configuration:
            return candidate.broker
        return self.good.broker

    def keep(self, node):
        """Writes what has changed, when the node says that it is time."""
        good, candidate = node.last_good_configuration, node.candidate_configuration
        if good is not self.good.tagged:
            proved = self.candidate
            is_proved = proved is not None and good is proved.tagged
            self.good = Kept(good, proved.broker if is_proved else self._arrived or self.good.broker)
            _write(self._good_path, self.good)
        refused = node.refused_configuration
        record = b"" if refused is None else refused.encode()
        if record != self._refused:
            self._refused = record
            _write_refused(self._refused_path, record)
        if candidate is None:
            if self.candidate is not None:
                self.candidate = None
                flash.remove(self._candidate_path)
        elif self.candidate is None or candidate is not self.candidate.tagged:
            self.candidate = Kept(candidate, self._arrived or self.good.broker)
            _write(self._candidate_path, self.candidate)


def _write(path, kept):
    record = kept.tagged.encode()
    try:
        flash.write(path, bytes((len(record),)) + record + kept.broker.encode())
    except (OSError, ValueError) as error:
        log.warning("the configuration cannot be kept: %s" % log.words(error))


def _write_refused(path, record):
    try:
        if record:
            flash.write(path, record)
        else:
            flash.remove(path)
    except OSError as error:
        log.warning("what was refused cannot be kept: %s" % log.words(error))


def _read(path):
    content = flash.read(path, _LONGEST_FILE)
    if not content:
        return None
    end = 1 + content[0]
    tagged = configuration_record.decode(content[1:end])
    if tagged is None:
        log.warning("%s holds no configuration" % path)
        return None
    broker = BrokerSettings()
    broker.apply(content[end:])
    return Kept(tagged, broker)
