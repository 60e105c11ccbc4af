"""Entities that do not fit their registers are told so, each at its path."""

import pytest

from tests.integrations.modbus.definitions import block, told

REGISTERS = """
number: {address: 0, type: int16, scale: 0.1, write: {min: 5, max: 30, step: 0.5}}
broad: {address: 1, type: float32, write: {}}
mode: {address: 3, enum: {0: off, 1: heat}, write: {}}
flags: {address: 4, flags: {0: alarm}, write: {}}
text: {address: 5, type: string, length: 2, write: {}}
bit: {address: 7, bit: 0, write: {}}
shown: {address: 8}
state: {address: 9, enum: {0: idle, 1: busy}}
command: {address: 10, access: write}
"""
ENTITIES = [
    ("sensor, register: nothing", "register", "there is no register nothing"),
    ("sensor, register: command", "register", "command is never read: access is write"),
    (
        "sensor, register: mode, state_class: total",
        "state_class",
        "mode shows labels, no number",
    ),
    ("binary_sensor, register: mode", "on", "mode shows labels; say which mean on"),
    ("binary_sensor, register: text", "on", "text shows text; say which mean on"),
    ("binary_sensor, register: mode, on: warm", "on.0", "mode: expected a label: off, heat"),
    ("binary_sensor, register: flags, on: [alarm, x]", "on.1", "flags: expected a flag: alarm"),
    ("binary_sensor, register: bit, on: 2", "on.0", "bit: expected true or false"),
    ("binary_sensor, register: shown, on: 70000", "on.0", "shown: expected 0 to 65535"),
    ("switch, register: shown", "register", "shown is not written; give it write: {}"),
    ("switch, register: mode", "on", "mode: expected a label: off, heat"),
    ("switch, register: mode, on: heat, off: heat", "off", "on and off are the same value"),
    ("switch, register: number", "on", "number: expected 5 to 30, got 1"),
    ("switch, register: flags", "register", "make a register of its bit"),
    ("switch, register: bit, state: nothing", "state", "there is no register nothing"),
    ("switch, register: bit, state: command", "state", "command is never read"),
    ("switch, register: bit, state: state", "state", "name a register that shows the same values"),
    ("select, register: number", "register", "number has no enum; a select needs one"),
    ("select, register: state", "register", "state is not written; give it write: {}"),
    ("select, register: mode, options: [off, dry]", "options.1", "mode has no label 'dry'"),
    ("select, register: mode, options: [off, off]", "options.1", "'off' is listed twice"),
    ("number, register: text", "register", "text shows text, no number"),
    ("number, register: mode", "register", "mode shows labels, no number"),
    ("number, register: shown", "register", "shown is not written; give it write: {}"),
    ("number, register: broad, max: 5", "min", "broad has no limits; say min and max"),
    ("number, register: number, min: 4", "min", "can not be written: expected 5 to 30"),
    ("number, register: number, min: 9, max: 9", "max", "9 is not below 9"),
    ("number, register: number, mode: dial", "mode", "expected one of auto, box, slider"),
    ("button, register: shown, value: 1", "register", "shown is not written"),
    ("button, register: command, value: 65536", "value", "command: expected 0 to 65535"),
    ("button, register: command, value: 0.5", "value", "command: expected steps of 1, got 0.5"),
    ("button, register: number, value: 5.2", "value", "number: expected steps of 0.5 from 5"),
    ("button, register: text, value: hello", "value", "text: expected at most 4 bytes of text"),
    ("button, register: command, value: .nan", "value", "expected a number, a label, true or"),
    (f"button, register: command, value: {'9' * 400}", "value", "expected a number, a label"),
    ("button, register: text, value: 5", "value", "text: expected a text"),
    ("climate, key: c", "kind", "needs at least one register, such as current_temperature"),
    ("climate, key: c, current_temperature: nothing", "current_temperature", "no register nothing"),
    ("climate, key: c, current_humidity: state", "current_humidity", "shows labels, no number"),
    ("climate, key: c, target_temperature: shown", "target_temperature", "give it write: {}"),
    (
        "climate, key: c, target_temperature: number, min_temp: 3",
        "min_temp",
        "can not be written: expected 5 to 30",
    ),
    (
        "climate, key: c, target_temperature: number, max_temp: 4",
        "max_temp",
        "can not be written: expected 5 to 30",
    ),
    (
        "climate, key: c, hvac_mode: {register: state, modes: {idle: off}}",
        "hvac_mode.register",
        "state is not written; give it write: {}",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {warm: heat}}",
        "hvac_mode.modes.warm",
        "mode: expected a label: off, heat",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {heat: heat, 1: cool}}",
        "hvac_mode.modes.1",
        "'1' is the same value as another; keep one",
    ),
    (
        "climate, key: c, hvac_mode: {register: mode, modes: {heat: heat}}, fixed_mode: cool",
        "fixed_mode",
        "hvac_mode tells the mode already; leave fixed_mode out",
    ),
    (
        "climate, key: c, on_off: {register: mode, on: 5, off: 0}",
        "on_off.on",
        "mode: expected a label: off, heat",
    ),
    (
        "climate, key: c, hvac_action: {register: command, actions: {0: idle}}",
        "hvac_action.register",
        "command is never read",
    ),
    (
        "climate, key: c, heating: state",
        "heating",
        "state",
    ),
    (
        "climate, key: c, cooling: shown, hvac_action: {register: state, actions: {idle: idle}}",
        "cooling",
        "hvac_action tells what it is doing already; leave cooling out",
    ),
    (
        "climate, key: c, fan_mode: {register: shown, modes: {0: low}}",
        "fan_mode.register",
        "shown is not written",
    ),
    (
        "climate, key: c, preset_mode: {register: bit, modes: {2: eco}}",
        "preset_mode.modes.2",
        "bit: expected true or false",
    ),
]


@pytest.mark.parametrize(("entity", "path", "message"), ENTITIES)
def test_entities_that_do_not_fit(entity: str, path: str, message: str) -> None:
    found = dict(told(block(REGISTERS, f"- {{kind: {entity}}}")))
    assert message in found[f"entities.0.{path}"]


def test_two_entities_of_one_key() -> None:
    entities = """
    - {kind: sensor, register: number}
    - {kind: number, register: number}
    - {kind: sensor, register: broad, key: number}
    """
    assert told(block(REGISTERS, entities)) == [
        ("entities.1.register", "the key number is taken by entity 0; give this one its own key"),
        ("entities.2.key", "the key number is taken by entity 0; give this one its own key"),
    ]
