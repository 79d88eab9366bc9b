# Mirrors Sources/Node/Node+Messages.swift.
"""The node's part that writes payloads, status and log, and reads acknowledgements."""

from core.node import log
from core.node.configuration_key import path
from core.node.configuration_trial import REFUSED, RETURNED, STATE_NAMES
from core.telemetry import acknowledgement
from core.telemetry.former_payload_encoder import encode_version1
from core.telemetry.json_cursor import JSONError
from core.telemetry.payload_encoder import encode
from micropython import const

_SAME_CLOCK_MILLISECONDS = const(2000)
_LARGEST_INT32 = const(0x7FFF_FFFF)
_NAMED_KEYS = const(4)  # so that the status stays within 512 bytes

# ClockState: whether a device knows what time it is.
CLOCK_UNSET = const(0)  # readings carry no time
CLOCK_SET = const(1)
CLOCK_STEPPED = const(2)  # set again, to another time: readings made before keep the time they were given


class NodeMessages:
    """What a node says and hears."""

    def take_payload(self, now, payload):
        """Writes the next payload that is due into `payload`; False when none is.

        Nothing is due before the first attempt to fetch the configuration has ended, well or badly, or while the
        broker is not connected.
        """
        if not self.link.is_connected or not self._configuration_fetch.has_ended:
            return False
        reading = self.outbox.take_next(now, self.unix_seconds)
        if reading is None:
            return False
        self.taken = (reading.boot, reading.seq, self.configuration.payload_version)
        payload.remove_all()
        if self.configuration.payload_version == 1:
            encode_version1(reading, self.identity.device, self.identity.firmware, payload)
        else:
            encode(reading, self.identity.device, self.identity.firmware, self.outbox.dropped, payload)
        return True

    def acknowledgement_arrived(self, text):
        """The gateway's acknowledgement came: forgets what it names and sets the clock by it. Gives how many were
        forgotten.
        """
        before = self.outbox.count
        proof = 0

        def forget(boot, first, last):
            nonlocal proof
            if self.outbox.acknowledge(boot, first, last) > 0 and boot == self.identity.boot:
                proof = max(proof, min(last, self.made))

        try:
            time = acknowledgement.decode(text, forget)
            self._acknowledged_at = self.uptime_milliseconds
            forgotten = before - self.outbox.count
            if proof > 0:
                self._gateway_reached(proof)
            if time is not None:
                self.set_clock(time)
            return forgotten
        except JSONError:
            # Half an acknowledgement names what it names; the rest will be sent and acknowledged again.
            return before - self.outbox.count

    def broker_acknowledged(self, boot, seq, payload_version):
        """The broker took a payload (PUBACK): the one that `taken` named when it was published.

        What was sent as version 1 is forgotten, whatever is configured by now: nobody tells more of it, and sent again
        as version 2 it would be a second row. What was sent as version 2 waits for the gateway.
        """
        if payload_version != 1:
            return
        self.outbox.acknowledge(boot, seq, seq)
        self._acknowledged_at = self.uptime_milliseconds
        if boot == self.identity.boot:
            self._gateway_reached(seq)

    def set_clock(self, unix_milliseconds):
        """A time source said what time it is. Differences below two seconds are the network's, not the clock's."""
        if unix_milliseconds < self.uptime_milliseconds:
            return
        boot = unix_milliseconds - self.uptime_milliseconds
        known = self.boot_unix_milliseconds
        if known is None:
            self.clock = CLOCK_SET
        else:
            distance = abs(known - boot)
            if distance < _SAME_CLOCK_MILLISECONDS:
                return
            self.clock = CLOCK_STEPPED
            seconds = min(distance // 1000, _LARGEST_INT32)
            self.log(log.WARNING, b"clock stepped", seconds if boot > known else -seconds)
        self.boot_unix_milliseconds = boot

    def restore(self, record):
        """Takes a reading that an earlier life left in flash. False when the bytes are no record."""
        return self.outbox.restore(record)

    def connection_lost(self):
        """The broker's connection was lost: what is under way will be sent again."""
        self.outbox.connection_lost()

    # Status and log

    def write_online_status(self, message):
        """The retained message that says this device is there, and what became of its configuration. Publish it again
        when `status_edition` has grown.
        """
        trial = self._trial
        self._write_status(b"online", message)
        message.append(b',"version":')
        message.append_json_string(self.identity.firmware)
        message.append(b',"config":')
        message.append_json_string(self.configuration_tag)
        message.append(b',"config_state":')
        message.append_quoted(STATE_NAMES[trial.state])
        if trial.state in (RETURNED, REFUSED):
            message.append(b',"config_refused":')
            message.append_json_string(trial.refused_tag)
            message.append(b',"config_reason":')
            message.append_quoted(b"gateway-not-reached" if trial.state == RETURNED else b"not-json")
        self._write_refused_keys(message)
        message.append(b"}")

    def write_offline_status(self, message):
        """The last will: what the broker says when the device is gone."""
        self._write_status(b"offline", message)
        message.append(b"}")

    def _write_status(self, state, message):
        message.remove_all()
        message.append(b'{"state":"%s","boot":%d' % (state, self.identity.boot))

    def _write_refused_keys(self, message):
        keys = self._refused_keys
        if not keys:
            return
        message.append(b',"refused":[')
        for index, key in enumerate(keys[:_NAMED_KEYS]):
            message.append(b',"' if index > 0 else b'"')
            message.append(path(key))
            message.append(b'"')
        message.append(b"]")
        if len(keys) > _NAMED_KEYS:
            message.append(b',"refused_more":%d' % (len(keys) - _NAMED_KEYS))

    def take_log(self, message):
        """Writes the next message for the log topic: once what the last life was, then lines; False when there is none,
        or the broker is not connected.
        """
        if not self.link.is_connected or self.configuration.log_level == log.OFF:
            return False
        if self._is_flight_told:
            return self._lines.take(message)
        self._is_flight_told = True
        previous = self._previous_flight
        if previous is None:
            self.flight.write(None, self.identity.firmware, message)
        else:
            previous.write(self.flight.cause, self.identity.firmware, message)
        self._previous_flight = None
        return True
