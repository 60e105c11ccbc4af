"""The pretended zone and its readings, step by step."""

from integrations.demo.entities import DemoZone


def test_the_zone_follows_its_set_point_and_rests() -> None:
    zone = DemoZone()
    readings = []
    for _ in range(6):
        zone.step()
        readings.append(zone.current_temperature)
    assert readings == [19.5, 20.0, 20.5, 21.0, 21.0, 21.0]
    assert zone.hvac_action.value == "idle"
