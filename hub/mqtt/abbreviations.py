"""Home Assistant's short names of discovery keys, as of 2026.11."""

from typing import Any, Final

ROOT: Final = {"dev": "device", "o": "origin", "cmps": "components", "cdevs": "child_devices"}
DEVICE: Final = {
    "ids": "identifiers",
    "cns": "connections",
    "mf": "manufacturer",
    "mdl": "model",
    "mdl_id": "model_id",
    "hw": "hw_version",
    "sw": "sw_version",
    "sa": "suggested_area",
    "sn": "serial_number",
    "cu": "configuration_url",
}
ORIGIN: Final = {"sw": "sw_version", "url": "support_url"}
COMMON: Final = {
    "p": "platform",
    "t": "topic",
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "stat_t": "state_topic",
    "cmd_t": "command_topic",
    "val_tpl": "value_template",
    "uniq_id": "unique_id",
    "def_ent_id": "default_entity_id",
    "obj_id": "object_id",
    "dev_cla": "device_class",
    "ent_cat": "entity_category",
    "ic": "icon",
    "en": "enabled_by_default",
    "json_attr_t": "json_attributes_topic",
    "unit_of_meas": "unit_of_measurement",
    "stat_cla": "state_class",
    "sug_dsp_prc": "suggested_display_precision",
    "ops": "options",
    "migr_discvry": "migrate_discovery",
    "mode_cmd_t": "mode_command_topic",
    "mode_stat_t": "mode_state_topic",
    "temp_cmd_t": "temperature_command_topic",
    "temp_stat_t": "temperature_state_topic",
    "temp_hi_cmd_t": "temperature_high_command_topic",
    "temp_hi_stat_t": "temperature_high_state_topic",
    "temp_lo_cmd_t": "temperature_low_command_topic",
    "temp_lo_stat_t": "temperature_low_state_topic",
    "curr_temp_t": "current_temperature_topic",
    "curr_hum_t": "current_humidity_topic",
    "act_t": "action_topic",
    "pr_modes": "preset_modes",
    "pr_mode_cmd_t": "preset_mode_command_topic",
    "pr_mode_stat_t": "preset_mode_state_topic",
    "fan_mode_cmd_t": "fan_mode_command_topic",
    "fan_mode_stat_t": "fan_mode_state_topic",
    "temp_unit": "temperature_unit",
    "pl_prs": "payload_press",
    "pl_inst": "payload_install",
    "evt_typ": "event_types",
}


def expand(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a device or entity payload with every key spelled out."""
    found = {ROOT.get(key, COMMON.get(key, key)): value for key, value in payload.items()}
    if isinstance(device := found.get("device"), dict):
        found["device"] = {DEVICE.get(key, key): value for key, value in device.items()}
    if isinstance(origin := found.get("origin"), dict):
        found["origin"] = {ORIGIN.get(key, key): value for key, value in origin.items()}
    if isinstance(components := found.get("components"), dict):
        found["components"] = {
            key: expand(value) if isinstance(value, dict) else value
            for key, value in components.items()
        }
    if isinstance(places := found.get("availability"), list):
        found["availability"] = [
            {COMMON.get(key, key): value for key, value in place.items()}
            if isinstance(place, dict)
            else place
            for place in places
        ]
    return found
