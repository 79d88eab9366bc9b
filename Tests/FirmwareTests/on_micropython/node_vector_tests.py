"""The vectors of protocol/vectors/ that a node reads and writes."""

import json

from core.node import command, configuration_record, flight_record
from core.node import configuration_key as keys
from core.node.configuration_record import RefusedConfiguration, TaggedConfiguration
from core.node.node_configuration import NodeConfiguration
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError

from stage import trial_stage
from world import equal, raises, read, unhex


def of_names(values):
    """Built-in values but for these."""
    configuration = NodeConfiguration()
    for key in range(keys.COUNT):
        name = keys.path(key).decode()
        if name in values:
            configuration.values[key] = values[name]
    return configuration


def test_every_document_of_the_vectors_is_taken_as_it_says():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    for vector in vectors["documents"]:
        configuration = NodeConfiguration()
        refused = configuration.apply(vector["document"].encode())
        equal(configuration.values, of_names(vector["values"]).values, vector["name"])
        equal(sorted(keys.path(key).decode() for key in refused), sorted(vector["refused"]), vector["name"])
    for vector in vectors["not_json"]:
        configuration = NodeConfiguration()
        document = vector["document"].encode()
        error = raises(JSONError, lambda document=document: NodeConfiguration().apply(document))
        equal(error.offset, vector["offset"], document)


def test_every_configuration_record_of_the_vectors_is_written_and_read():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    for vector in vectors["records"]:
        record = unhex(vector["record"])
        tagged = configuration_record.decode(record)
        equal(tagged, TaggedConfiguration(of_names(vector["values"]), vector["tag"].encode()), vector["name"])
        if len(record) == 3 + 4 * keys.COUNT + len(vector["tag"]) + 2 and "taken no more" not in vector["name"]:
            equal(tagged.encode(), record, vector["name"])
    for record in vectors["no_records"]:
        equal(configuration_record.decode(unhex(record)), None, record)
    record = unhex(vectors["records"][1]["record"])
    for length in range(len(record)):
        equal(configuration_record.decode(record[:length]), None, length)
    for bit in range(len(record) * 8):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        equal(configuration_record.decode(changed), None, bit)


def test_every_record_of_a_refusal_of_the_vectors_is_written_and_read():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    reasons = ("past", "gateway-not-reached", "not-json")
    for vector in vectors["refusals"]:
        record = unhex(vector["record"])
        refused = RefusedConfiguration(vector["tag"].encode(), reasons.index(vector["reason"]))
        equal(configuration_record.decode_refused(record), refused, vector["name"])
        equal(refused.encode(), record, vector["name"])
        for length in range(len(record)):
            equal(configuration_record.decode_refused(record[:length]), None, length)
        for index in range(len(record)):
            changed = bytearray(record)
            changed[index] ^= 0x10
            equal(configuration_record.decode_refused(changed), None, index)
    for record in vectors["no_refusals"]:
        equal(configuration_record.decode_refused(unhex(record)), None, record)


def test_every_flight_record_of_the_vectors_is_written_read_and_told():
    vectors = json.loads(read("protocol/vectors/flight-record.json"))
    for vector in vectors["records"]:
        record = unhex(vector["record"])
        life = flight_record.decode(record)
        equal(
            (life.boot, life.uptime_seconds, life.error.decode()),
            (vector["boot"], vector["uptime_s"], vector["error"]),
            vector["name"],
        )
        equal(life.encode(), record, vector["name"])
        message = InlineBytes(512)
        ended_by = flight_record.CAUSE_NAMES.index(vector["ended_by"].encode())
        life.write(ended_by, vector["firmware"].encode(), message)
        equal(bytes(message.view()).decode(), vector["message"], vector["name"])
    for record in vectors["no_records"]:
        equal(flight_record.decode(unhex(record)), None, record)


def test_every_command_of_the_vectors_is_read_as_it_says():
    vectors = json.loads(read("protocol/vectors/commands.json"))
    for vector in vectors["commands"]:
        pending = command.read(vector["text"].encode())
        name = None if pending.command is None else command.COMMAND_NAMES[pending.command].decode()
        equal((pending.id.decode(), name), (vector["id"], vector["cmd"]), vector["text"])
    for text in vectors["no_commands"]:
        stage = trial_stage()
        equal(stage.node.command_arrived(text.encode()), False, text)
        assert "not a command" in stage.logs()[-1]
        equal(stage.answers(), [], text)
