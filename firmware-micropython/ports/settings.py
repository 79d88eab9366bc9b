"""What the provisioning wrote on this board (`scripts/provision`): network, servers, identity, TLS material."""

import json

from core.telemetry.inline_bytes import is_device_id
from micropython import const
from ports import log

_LONGEST = const(4_096)


class Settings:
    """Everything has a value that works or switches its part off; a broken file is told and passed over."""

    def __init__(self, folder):
        self.folder = folder  # where state and certificates are kept
        self.ssid = ""
        self.password = ""
        self.config_url = ""
        self.device_id = None  # None: from the straps
        self.time_server = "pool.ntp.org"
        self.broker_host = ""  # empty: from the configuration
        self.broker_port = 1883
        self.broker_user = None
        self.broker_password = None
        self.is_tls = False
        self.ca_file = ""
        self.certificate_file = ""
        self.key_file = ""
        self.has_watchdog = True
        self.report_seconds = 60  # how often a line about the board's state goes to the console

    def load(self, path):
        """Takes what a file says."""
        try:
            with open(path) as file:
                document = json.loads(file.read(_LONGEST))
            if not isinstance(document, dict):
                raise ValueError("no object")
            self._take(document)
        except OSError:
            log.warning("no %s: this board was not provisioned" % path)
        except ValueError as error:
            log.error("%s is broken" % path, error)

    def _take(self, document):
        wifi = _object(document, "wifi")
        self.ssid = _text(wifi, "ssid", self.ssid)
        self.password = _text(wifi, "password", self.password)
        self.config_url = _text(document, "config_url", self.config_url).rstrip("/")
        name = _text(document, "device_id", "").encode()
        if name:
            if is_device_id(name):
                self.device_id = name
            else:
                log.warning("the provisioned device id is none: %r" % name)
        self.time_server = _text(document, "time_server", self.time_server)
        self.has_watchdog = document.get("watchdog") is not False
        seconds = document.get("report_seconds", self.report_seconds)
        if isinstance(seconds, int) and seconds > 0:
            self.report_seconds = seconds
        mqtt = _object(document, "mqtt")
        self.broker_host = _text(mqtt, "host", self.broker_host)
        port = mqtt.get("port", self.broker_port)
        if isinstance(port, int) and 0 < port < 65_536:
            self.broker_port = port
        self.broker_user = _text(mqtt, "user", "").encode() or None
        self.broker_password = _text(mqtt, "password", "").encode() or None
        self.is_tls = mqtt.get("tls") is True
        self.ca_file = _text(mqtt, "ca", "")
        self.certificate_file = _text(mqtt, "certificate", "")
        self.key_file = _text(mqtt, "key", "")


def tls_context(settings):
    """A client's TLS context that checks the server against the provisioned authority.

    Raises OSError and ValueError; nothing is connected without a check.
    """
    import tls

    if not settings.ca_file:
        raise ValueError("TLS without a certificate authority: provision one")
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    with open(settings.ca_file, "rb") as file:
        context.load_verify_locations(file.read())
    context.verify_mode = tls.CERT_REQUIRED
    if settings.certificate_file:
        with open(settings.certificate_file, "rb") as certificate, open(settings.key_file, "rb") as key:
            context.load_cert_chain(certificate.read(), key.read())
    return context


def _object(document, key):
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _text(document, key, otherwise):
    value = document.get(key)
    return value if isinstance(value, str) else otherwise
