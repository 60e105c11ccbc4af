"""What every test may ask for: the real peers, each a pytest plugin in tests/peers/."""

pytest_plugins = [
    "tests.peers.ports",
    "tests.peers.mosquitto",
    "tests.peers.modbus",
    "tests.peers.hub",
    "tests.peers.house",
    "tests.peers.browser",
    "tests.peers.terminal",
    "tests.peers.sshd",
    "tests.peers.postgresql",
    "tests.peers.mariadb",
    "tests.peers.databases",
]
