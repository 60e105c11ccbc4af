"""Thermostats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from integrations.modbus.importing.draft import Spec
from integrations.modbus.importing.entity import COIL, HOLDING, TABLES, Entity
from integrations.modbus.importing.names import object_id
from integrations.modbus.importing.parts import Part
from integrations.modbus.importing.set_points import Climate, temperatures

if TYPE_CHECKING:
    from integrations.modbus.importing.formats import Form

MODES: Final = ("off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only")
"""In the order in which Home Assistant looks for a value."""
ACTIONS: Final = {
    "cooling": "cooling", "defrosting": "idle", "drying": "drying", "fan": "fan",
    "heating": "heating", "idle": "idle", "off": "off", "preheating": "heating",
}  # fmt: skip
FANS: Final = (
    *("on", "off", "auto", "low", "medium", "high", "top", "middle", "focus", "diffuse"),
)
SWINGS: Final = ("on", "off", "horizontal", "vertical", "both")


def climate(entity: Entity) -> None:
    """Take over a thermostat."""
    made = Climate(entity)
    temperatures(made)
    _modes(made)
    _action(made)
    _fan(made)
    _swing(made)
    made.part.finish()

    def make(*registers: str) -> list[Spec]:
        main = {**entity.spec("climate"), **_with_keys(made.fields, registers)}
        return [main, *({**spec, "register": registers[at]} for at, spec in made.beside)]

    entity.add(made.wants, make)


def _with_keys(fields: Mapping[str, Any], registers: tuple[str, ...]) -> Spec:
    """Return the fields with keys in place of the numbers of registers."""
    found: Spec = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and "register" in value:
            found[name] = {**value, "register": registers[value["register"]]}
        elif name in ("current_temperature", "target_temperature"):
            found[name] = registers[value]
        else:
            found[name] = value
    return found


def _modes(made: Climate) -> None:
    part = made.part
    modes: dict[int, str] = {}
    inner = part.part("hvac_mode_register")
    address, write = None, {}
    if inner is not None and inner.names():
        address = inner.whole("address")
        write = {"function": "multiple"} if inner.flag("write_registers") else {}
        modes = _meanings(inner, {f"state_{mode}": mode for mode in MODES})
        inner.finish()
    switch = _on_off(made, address, modes)
    if address is not None and modes:
        want = made.entity.raw("mode", HOLDING, address, tuple(modes), write=write)
        texts = {str(value): mode for value, mode in modes.items()}
        made.fields["hvac_mode"] = {"register": made.need(want), "modes": texts}
    else:
        made.fields["fixed_mode"] = "auto"
    if switch is not None:
        made.fields["on_off"] = switch


def _on_off(made: Climate, mode_address: int | None, modes: dict[int, str]) -> Spec | None:
    """Return the register or coil that turns it on and off."""
    part, entity = made.part, made.entity
    on, off = part.whole("hvac_on_value", 1), part.whole("hvac_off_value", 0)
    function = {"function": "multiple"} if part.flag("write_registers") else {}
    if "hvac_onoff_coil" in part:
        address = part.whole("hvac_onoff_coil")
        want = entity.raw("on_off", COIL, address, (1, 0), write={})
        return {"register": made.need(want), "on": True, "off": False}
    if "hvac_onoff_register" not in part:
        return None
    address = part.whole("hvac_onoff_register")
    if on == off:
        raise part.unfit("hvac_on_value and hvac_off_value are the same")
    if address == mode_address:
        lost = modes.get(off, "off")
        if lost != "off":
            part.do(
                "hvac_onoff_register", f"{off} in register {address} is both off and {lost}",
                "it is off, as Home Assistant shows it; the mode can not be chosen",
            )  # fmt: skip
        modes[off] = "off"
        part.note("hvac_onoff_register", "the register of the mode turns it off, too")
        return None
    part.note("hvac_onoff_register", f"it is on at {on} and off at {off}; other values are unknown")
    want = entity.raw("on_off", HOLDING, address, (on, off), write=function)
    return {"register": made.need(want), "on": on, "off": off}


def _action(made: Climate) -> None:
    inner = made.part.part("hvac_action_register")
    if inner is None or not inner.names():
        return
    table = TABLES[inner.choice("input_type", ("holding", "input"), HOLDING)]
    address = inner.whole("address")
    actions = _meanings(inner, {f"action_{name}": name for name in ACTIONS})
    inner.finish()
    for name in ("defrosting", "preheating"):
        if name in actions.values():
            inner.do(
                "values", f"there is no action {name} here",
                f"it is shown as {ACTIONS[name]}; make a sensor of the register to see it",
            )  # fmt: skip
    want = made.entity.raw("action", table, address, tuple(actions))
    texts = {str(value): ACTIONS[name] for value, name in actions.items()}
    made.fields["hvac_action"] = {"register": made.need(want), "actions": texts}


def _fan(made: Climate) -> None:
    inner = made.part.part("fan_mode_register")
    if inner is None or not inner.names():
        return
    address, write = _written(inner)
    modes = _meanings(inner, {f"state_fan_{name}": name for name in FANS})
    inner.finish()
    want = made.entity.raw("fan", HOLDING, address, tuple(modes), write=write)
    texts = {str(value): name for value, name in modes.items()}
    made.fields["fan_mode"] = {"register": made.need(want), "modes": texts}


def _swing(made: Climate) -> None:
    inner = made.part.part("swing_mode_register")
    if inner is None or not inner.names():
        return
    entity = made.entity
    address, write = _written(inner)
    modes = _meanings(inner, {f"swing_mode_state_{name}": name for name in SWINGS})
    inner.finish()
    form: Form = {
        "type": "uint16",
        "enum": {str(value): modes[value] for value in sorted(modes)},
        "enum_gaps": True,
    }
    want = entity.words("swing", HOLDING, address, form, write=write)
    spec = {**entity.spec("select", "swing mode"), "suffix": "swing_mode"}
    made.beside.append((made.need(want), spec))
    inner.do(
        None, "climates have no swing mode here",
        f"choose it with select.{object_id(entity.name)}_swing_mode",
    )  # fmt: skip


def _written(inner: Part) -> tuple[int, dict[str, Any]]:
    """Return an address, and the function: a list of one means several registers at once."""
    several = isinstance(inner.raw("address"), list)
    addresses = inner.wholes("address")
    if len(addresses) != 1:
        raise inner.unfit("expected one register as address")
    return addresses[0], {"function": "multiple"} if several else {}


def _meanings(inner: Part, names: Mapping[str, str]) -> dict[int, str]:
    """Return the meaning of each value; bare names as keys are of releases until 2022."""
    values, found = inner.part("values"), dict[int, str]()
    if values is None:
        raise inner.unfit("values is missing")
    for key, name in names.items():
        given = key if key in values else name
        several = values.wholes(given)
        for value in several:
            if value in found:
                values.left_out(given, f"{value} is {found[value]} already, and {name} too")
            found.setdefault(value, name)
        if len(several) > 1:
            values.note(given, f"{several[0]} is written for {name}, as in Home Assistant")
    values.finish()
    if not found:
        raise inner.unfit("no value has a meaning")
    return found
