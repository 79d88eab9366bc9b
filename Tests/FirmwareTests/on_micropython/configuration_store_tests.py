"""Configurations in flash: the last good one, the one on trial, what was refused."""

from core.node.configuration_record import NOT_JSON, RefusedConfiguration
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity, NodeInputs
from core.telemetry.json_cursor import JSONError
from ports import flash
from ports.broker_settings import BrokerSettings
from ports.configuration_store import ConfigurationStore

from flash_folder import folder, put, reading
from world import equal, raises


def node_for(store):
    node = Node(NodeIdentity(b"Attic06", b"1.0.0", 1), 8)
    store.restore(node)
    return node


def take(node, store, document, tag):
    node.configuration_arrived(document, tag)
    broker = BrokerSettings()
    broker.apply(document)
    store.arrived(node, broker)
    store.keep(node)


def reach(node, store, seq):
    """The gateway holds a reading made under the configuration that runs."""
    node.outbox.append(reading(seq))
    node.made = seq
    node.acknowledgement_arrived(b'{"boot":1,"seqs":[[%d,%d]]}' % (seq, seq))
    store.keep(node)


NEW = b'{"payload_version":1,"mqtt_config":{"broker":"new.example","port":8883,"ssl":1}}'


def test_a_candidate_and_its_broker_survive_a_restart_and_so_does_what_proved_itself():
    path = folder("store")
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((store.active(node).host, flash.exists(path + "/configuration")), (b"", False))
    take(node, store, NEW, b"new")
    equal(store.active(node).host, b"new.example")
    # Cut and started again: still on trial, with its broker.
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((node.configuration_tag, node.candidate_configuration.tag), (b"new", b"new"))
    equal((store.active(node).host, store.active(node).port, store.active(node).is_tls), (b"new.example", 8883, True))
    reach(node, store, 5)
    equal((node.candidate_configuration, flash.exists(path + "/candidate")), (None, False))
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((node.configuration.payload_version, node.configuration_tag), (1, b"new"))
    equal((store.active(node).host, node.candidate_configuration), (b"new.example", None))


def test_when_the_trial_fails_the_old_broker_is_there_again():
    path = folder("returned")
    store = ConfigurationStore(path)
    node = node_for(store)
    take(node, store, b'{"mqtt_config":{"broker":"old.example"}}', b"old")
    reach(node, store, 1)
    take(node, store, NEW, b"new")
    equal(store.active(node).host, b"new.example")
    inputs = NodeInputs()
    inputs.link = Link(True, -60, True)
    node.step(0, inputs)
    node.step(300_000, inputs)
    store.keep(node)
    equal((node.configuration_tag, store.active(node).host), (b"old", b"old.example"))


def test_what_was_refused_is_not_tried_again_after_a_restart():
    path = folder("refused")
    store = ConfigurationStore(path)
    node = node_for(store)
    raises(JSONError, lambda: node.configuration_arrived(b"no JSON", b"bad"))
    store.keep(node)
    node = node_for(ConfigurationStore(path))
    equal(node.refused_configuration, RefusedConfiguration(b"bad", NOT_JSON))
    assert node.passes_over_configuration(b"bad")
    # Nothing with that tag is remembered when something without one is refused.
    store = ConfigurationStore(path)
    node = node_for(store)
    raises(JSONError, lambda: node.configuration_arrived(b"no JSON", b""))
    store.keep(node)
    equal((node_for(ConfigurationStore(path)).refused_configuration, flash.exists(path + "/refused")), (None, False))


def test_a_torn_file_is_no_configuration_wherever_it_was_torn():
    path = folder("tornstore")
    store = ConfigurationStore(path)
    node = node_for(store)
    take(node, store, NEW, b"new")
    reach(node, store, 1)
    with open(path + "/configuration", "rb") as file:
        content = file.read()
    for length in range(0, len(content), 7):
        put(path + "/configuration", content[:length])
        equal(node_for(ConfigurationStore(path)).configuration_tag, b"", length)
    put(path + "/configuration", b"")
    # A file of an earlier firmware: a tag and a document.
    flash.write(path + "/configuration", b'"tag"\n{"enabled":0}')
    equal(node_for(ConfigurationStore(path)).configuration_tag, b"")


def test_a_full_flash_keeps_the_configuration_running():
    store = ConfigurationStore("/no/such/folder")
    node = node_for(store)
    take(node, store, NEW, b"new")
    equal((node.configuration.payload_version, store.active(node).host), (1, b"new.example"))
    reach(node, store, 1)
    equal(node.candidate_configuration, None)
