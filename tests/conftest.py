"""What every test may ask for: the real peers, each a pytest plugin in tests/peers/."""

import signal

from hypothesis import HealthCheck, settings

# No example fails because the machine was busy.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background of a script; the programs under test are to be interrupted anyway.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.peers.ports",
    "tests.peers.stuck",
    "tests.peers.mosquitto",
    "tests.peers.modbus",
    "tests.peers.hub",
    "tests.peers.house",
    "tests.peers.browser",
    "tests.peers.terminal",
    "tests.peers.sshd",
    "tests.peers.nginx",
    "tests.peers.logged",
    "tests.peers.postgresql",
    "tests.peers.mariadb",
    "tests.peers.databases",
    "tests.peers.pebble",
    "tests.peers.named",
    "tests.peers.rendered",
]
