"""What is kept in flash while the gateway is away, whatever a power cut leaves of it."""

import os

from core.telemetry import outbox_record
from core.telemetry.outbox import Outbox
from core.telemetry.outbox_record import RECORD_BYTES
from ports import boot_counter, flash
from ports.flash_outbox import FlashOutbox

from flash_folder import always, folder, never, put, reading
from world import equal


def test_a_file_is_the_old_or_the_new_one_and_a_torn_one_is_none():
    path = folder("flash") + "/file"
    equal(flash.read(path), None)
    flash.write(path, b"one")
    flash.write(path, b"two")
    equal(flash.read(path), b"two")
    with open(path, "rb") as file:
        content = file.read()
    for length in range(len(content)):
        put(path, content[:length])
        equal(flash.read(path), None, length)
    put(path, content[:-1] + b"x")
    equal(flash.read(path), None)
    flash.write(path, b"x" * 100)
    equal(flash.read(path, 99), None)


def test_boots_count_and_never_repeat_even_when_the_counter_is_torn():
    path = folder("boots") + "/boot"
    equal([boot_counter.next_boot(path) for _ in range(3)], [1, 2, 3])
    put(path, b"garbage")
    assert boot_counter.next_boot(path) >= 0x8000_0000
    flash.write(path, b"2147483647")
    assert boot_counter.next_boot(path) >= 0x8000_0000
    assert boot_counter.next_boot("/no/such/folder/boot") >= 0x8000_0000


class Fleet:
    """An outbox and its flash, as the shell uses them."""

    def __init__(self, name, capacity=64, most_files=64):
        self.path = folder(name)
        self.outbox = Outbox(capacity)
        self.flash = FlashOutbox(self.path, self.outbox, most_files)

    def seqs(self):
        return [self.outbox.reading(index).seq for index in range(self.outbox.count)]

    def online(self):
        """Some turns with a gateway: a batch comes back in each."""
        for _ in range(8):
            self.flash.work(True, never)

    def files(self):
        return sorted(os.listdir(self.path))


def test_what_waits_offline_goes_to_flash_and_comes_back_after_a_power_cut():
    before = Fleet("power")
    for seq in range(1, 41):
        before.outbox.append(reading(seq))
    before.flash.spill_all(always)
    equal(before.outbox.count, 0)
    equal(before.files(), ["00000001.q", "00000002.q"])
    after = Fleet("power")
    after.online()
    equal(after.seqs(), list(range(1, 33)))
    equal(after.outbox.take_next(0, never).unix_seconds, 1_795_000_001)
    after.outbox.acknowledge(1, 1, 31)
    after.online()
    equal(after.files(), ["00000001.q", "00000002.q"], "removed only when all of it is acknowledged")
    after.outbox.acknowledge(1, 32, 32)
    after.online()
    equal(after.files(), ["00000002.q"])
    equal(after.seqs(), list(range(33, 41)))


def test_a_torn_tail_costs_only_the_torn_record():
    fleet = Fleet("torn")
    for seq in range(1, 6):
        fleet.outbox.append(reading(seq))
    fleet.flash.spill_all(never)
    path = fleet.path + "/00000001.q"
    with open(path, "rb") as file:
        content = file.read()
    put(path, content[:-3])
    after = Fleet("torn")
    after.online()
    equal(after.seqs(), [1, 2, 3, 4])
    put(path, content[:50] + b"\xfe" + content[51:])
    again = Fleet("torn")
    again.online()
    equal(again.seqs(), [1, 3, 4, 5])


def test_offline_again_the_readings_in_flash_leave_the_outbox_and_come_back():
    fleet = Fleet("again")
    for seq in range(1, 11):
        fleet.outbox.append(reading(seq))
    fleet.flash.spill_all(never)
    fleet.online()
    fleet.outbox.append(reading(11))
    fleet.flash.work(False, never)
    equal(fleet.seqs(), [11])
    fleet.online()
    equal(sorted(fleet.seqs()), list(range(1, 12)))


def test_the_flash_is_bounded_and_what_it_drops_is_told():
    fleet = Fleet("bounded", 64, 2)
    for seq in range(1, 97):
        fleet.outbox.append(reading(seq))
        if seq % 32 == 0:
            fleet.flash.spill_all(never)
    equal(len(fleet.files()), 2)
    equal(fleet.outbox.dropped.ranges, [[1, 1, 32]])


def test_a_crowded_outbox_spills_before_it_has_to_drop():
    fleet = Fleet("crowded", 16)
    for seq in range(1, 101):
        fleet.outbox.append(reading(seq))
        fleet.flash.work(False, never)
    equal(fleet.outbox.dropped.total, 0)


def test_a_flash_that_cannot_be_written_loses_nothing_and_raises_nothing():
    fleet = Fleet("full")
    for seq in range(1, 6):
        fleet.outbox.append(reading(seq))
    fleet.flash._folder = "/no/such/folder"
    fleet.flash.spill_all(never)
    equal(fleet.seqs(), [1, 2, 3, 4, 5])
    unusable = FlashOutbox("/proc/nothing", fleet.outbox)
    unusable.work(False, never)
    equal(unusable.is_usable, False)


def test_what_waits_in_flash_is_the_protocol_s_record():
    fleet = Fleet("format")
    fleet.outbox.append(reading(2, boot=7))
    fleet.flash.spill_all(never)
    with open(fleet.path + "/00000001.q", "rb") as file:
        content = file.read()
    equal(len(content), RECORD_BYTES)
    equal(content, outbox_record.encode(reading(2, boot=7), False))
