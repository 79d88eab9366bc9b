# Mirrors Sources/Node/Node+Commands.swift.
"""The node's part that takes commands and answers them."""

from core.node import command as commands
from core.node import log
from core.telemetry.json_cursor import JSONError
from micropython import const

_IDENTIFY_MILLISECONDS = const(30_000)  # for how long a board that was asked shows which one it is
_SCREEN_PART_BYTES = const(256)  # of the picture in one answer: a quarter, so that it fits a message of 512 bytes
_SCREEN_PARTS = const(4)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class NodeCommands:
    """What a node does with commands."""

    def command_arrived(self, text):
        """A command came. False when nothing will be answered: it is no command, it came before, or two others still
        wait.
        """
        try:
            pending = commands.read(text)
        except JSONError:
            pending = None
        if pending is None:
            self.log(log.WARNING, b"not a command")
            return False
        command = pending.command
        if command == commands.READ:
            if self.configuration.is_enabled:
                pending.is_ready = False
            else:
                pending.failure = commands.DISABLED
        if not self._commands.append(pending):
            return False
        if pending.failure is not None:
            return True
        self.log(log.INFO, b"command " + commands.COMMAND_NAMES[command])
        if command == commands.IDENTIFY:
            self._identify_until = self.uptime_milliseconds + _IDENTIFY_MILLISECONDS
        elif command == commands.READ:
            self._measurement_due = self.uptime_milliseconds
        elif command == commands.CONFIG:
            self._configuration_fetch.hurry()
        return True

    def take_command_answer(self, picture, answer):
        """Writes the next answer that is due into `answer`; False when none is. To be published on `cmd/result`.

        `picture` is the 1,024 bytes that the display shows; 512 bytes are enough for any answer.
        """
        index = self._commands.first_ready() if self.link.is_connected else None
        if index is None:
            return False
        pending = self._commands.waiting[index]
        answer.remove_all()
        answer.append(b'{"id":')
        answer.append_json_string(pending.id)
        if pending.command is not None:
            answer.append(b',"cmd":')
            answer.append_quoted(commands.COMMAND_NAMES[pending.command])
        has_more = False
        if pending.failure is not None:
            answer.append(b',"ok":false,"error":')
            answer.append_quoted(pending.failure)
        else:
            answer.append(b',"ok":true')
            has_more = self._finish(pending, picture, answer)
        answer.append(b"}")
        if not has_more:
            self._commands.waiting.pop(index)
        return True

    def _finish(self, pending, picture, answer):
        """What only this command's answer says; True when more parts follow."""
        if pending.command == commands.READ:
            answer.append(b',"boot":%d,"seq":%d' % (self.identity.boot, pending.seq))
        elif pending.command == commands.RESTART:
            self._is_restart_wanted = True
        elif pending.command == commands.SCREEN:
            first = pending.part * _SCREEN_PART_BYTES
            pending.part += 1
            answer.append(b',"part":%d,"parts":%d,"data":"' % (pending.part, _SCREEN_PARTS))
            _append_base64(answer, memoryview(picture)[first : first + _SCREEN_PART_BYTES])
            answer.append(b'"')
            return pending.part < _SCREEN_PARTS
        return False

    def _answer_reads(self, seq):
        """A reading was made: the commands that wait for one can be answered."""
        for pending in self._commands.waiting:
            if not pending.is_ready:
                pending.seq = seq
                pending.is_ready = True


def _append_base64(output, content):
    """Appends bytes in base64 (RFC 4648 section 4)."""
    digits = _BASE64
    for index in range(0, len(content), 3):
        left = len(content) - index
        group = content[index] << 16
        if left > 1:
            group |= content[index + 1] << 8
        if left > 2:
            group |= content[index + 2]
        output.append_byte(digits[group >> 18])
        output.append_byte(digits[group >> 12 & 63])
        output.append_byte(digits[group >> 6 & 63] if left > 1 else 0x3D)
        output.append_byte(digits[group & 63] if left > 2 else 0x3D)
