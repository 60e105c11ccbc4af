"""What roles and policies allow: one table of sentences, and the ways rules go wrong."""

from typing import Any

import pytest

from hub.auth import InvalidPolicy, Role
from hub.auth.policy import MAX_RULES, parsed
from hub.auth.rights import NOWHERE, Place, Rights

PLACES = {
    "light.cooker": Place("kitchen", frozenset({"warm"})),
    "light.bed": Place("bedroom", frozenset()),
    "lock.door": Place("hall", frozenset({"outside"})),
}


def rights(role: Role, *rules: dict[str, Any]) -> Rights:
    policy = parsed("p", list(rules)) if rules else None
    return Rights(role, policy.rules if policy else (), lambda it: PLACES.get(it, NOWHERE))


def allow(*verbs: str, **select: Any) -> dict[str, Any]:
    return {"effect": "allow", "verbs": list(verbs), **select}


def deny(*verbs: str, **select: Any) -> dict[str, Any]:
    return {"effect": "deny", "verbs": list(verbs), **select}


@pytest.mark.parametrize(
    ("role", "entity", "resource", "call"),
    [
        (Role.VIEWER, {"read"}, {"read"}, False),
        (Role.OPERATOR, {"read", "control"}, {"read", "apply"}, True),
        (Role.ADMIN, {"read", "control", "edit"}, {"read", "write", "apply"}, True),
        (Role.OWNER, {"read", "control", "edit"}, {"read", "write", "apply"}, True),
    ],
)
def test_what_a_role_may_by_itself(
    role: Role, entity: set[str], resource: set[str], call: bool
) -> None:
    own = rights(role)
    assert {v for v in ("read", "control", "edit") if own.may(v, "light.bed")} == entity
    found = {v for v in ("read", "write", "apply") if own.may_resource(v, "proxy.host", "a")}
    assert found == resource
    assert own.may_call("notify") is call
    assert own.plain
    assert own.reads_all


KITCHEN = {"area": ["kitchen"]}
TABLE = [
    # rules, verb, entity, allowed for a viewer, allowed for an operator
    ([allow("control", **KITCHEN)], "control", "light.cooker", True, True),
    ([allow("control", **KITCHEN)], "control", "light.bed", False, True),
    ([allow("control", **KITCHEN)], "control", "light.unknown", False, True),
    ([allow("control", **KITCHEN)], "edit", "light.cooker", False, False),
    ([deny("control", domain="lock")], "control", "lock.door", False, False),
    ([deny("control", domain="lock")], "read", "lock.door", True, True),
    ([deny("control", domain="lock")], "control", "lock.unknown", False, False),
    ([deny("read", label="outside")], "read", "lock.door", False, False),
    ([deny("read", label="outside")], "control", "lock.door", False, False),
    ([deny("read", label="outside")], "read", "lock.unknown", True, True),
    ([deny("read", entity="light.*")], "read", "light.bed", False, False),
    ([deny("read", entity="light.b*")], "read", "light.cooker", True, True),
    ([deny("read", **{"except": KITCHEN})], "read", "light.cooker", True, True),
    ([deny("read", **{"except": KITCHEN})], "read", "light.bed", False, False),
    ([deny("read", **{"except": KITCHEN})], "read", "light.unknown", False, False),
    ([deny("read", **{"except": [KITCHEN, {"entity": "lock.*"}]})], "read", "lock.x", True, True),
    # each selector must fit, any of its texts may
    ([allow("edit", domain=["light"], **KITCHEN)], "edit", "light.cooker", True, True),
    ([allow("edit", domain=["lock"], **KITCHEN)], "edit", "light.cooker", False, False),
    ([allow("edit", area=["hall", "bedroom"])], "edit", "light.bed", True, True),
    # deny wins, in whatever order
    ([allow("control"), deny("control", **KITCHEN)], "control", "light.cooker", False, False),
    ([deny("control", **KITCHEN), allow("control")], "control", "light.cooker", False, False),
    ([deny("control", **KITCHEN), allow("control")], "control", "light.bed", True, True),
    # a rule about resources says nothing of entities
    ([deny("read", resource_type="proxy.*")], "read", "light.bed", True, True),
]


@pytest.mark.parametrize(("rules", "verb", "entity_id", "viewer", "operator"), TABLE)
def test_rules_about_entities(
    rules: list[dict[str, Any]], verb: str, entity_id: str, viewer: bool, operator: bool
) -> None:
    for role, wanted in ((Role.VIEWER, viewer), (Role.OPERATOR, operator)):
        own = rights(role, *rules)
        assert own.may(verb, entity_id) is wanted
        assert own.may(verb, entity_id) is wanted, "the remembered answer"


HOST = "proxy.host"


@pytest.mark.parametrize(
    ("rules", "verb", "key", "wanted"),
    [
        ([allow("write", resource_type="proxy.*")], "write", "blog", True),
        ([allow("write", resource_type="vpn.*")], "write", "blog", False),
        ([allow("write", resource_type=HOST, resource_key="bl*")], "write", "blog", True),
        ([allow("write", resource_type=HOST, resource_key="bl*")], "write", "shop", False),
        ([allow("write", resource_type=HOST, resource_key="bl*")], "write", None, True),
        ([deny("apply", resource_key="shop")], "apply", "shop", False),
        ([deny("apply", resource_key="shop")], "apply", "blog", True),
        ([deny("apply", resource_key="shop")], "apply", None, True),
        ([deny("apply")], "apply", None, False),
        ([deny("read", resource_type=HOST)], "apply", "blog", False),
        (
            [deny("read", resource_type="*", **{"except": {"resource_key": "shop"}})],
            "read",
            None,
            True,
        ),
        (
            [deny("read", resource_type="*", **{"except": {"resource_key": "shop"}})],
            "read",
            "blog",
            False,
        ),
        ([deny("read", domain="light")], "read", "blog", True),
    ],
)
def test_rules_about_resources(
    rules: list[dict[str, Any]], verb: str, key: str | None, wanted: bool
) -> None:
    own = rights(Role.OPERATOR, *rules)
    assert own.may_resource(verb, HOST, key) is wanted
    assert own.may_resource(verb, HOST, key) is wanted


def test_rules_about_services() -> None:
    own = rights(Role.VIEWER, allow("call", service="notify"))
    assert own.may_call("notify")
    assert not own.may_call("backup")
    assert not own.call_denied("backup")
    narrowed = rights(Role.OPERATOR, deny("call", service=["backup"]))
    assert narrowed.may_call("notify")
    assert not narrowed.may_call("backup")
    assert narrowed.call_denied("backup")


def test_nothing_narrows_the_owner() -> None:
    assert rights(Role.OWNER, deny("read")).may("read", "light.bed")
    assert not rights(Role.ADMIN, deny("read")).may("read", "light.bed")


def test_what_may_ever_be_done_and_whether_lists_need_a_filter() -> None:
    assert rights(Role.VIEWER).verbs == {"read"}
    widened = rights(Role.VIEWER, allow("control", **KITCHEN))
    assert widened.verbs == {"read", "control", "call"}
    assert widened.reads_all
    assert widened.by_place
    narrowed = rights(Role.VIEWER, deny("read", domain="lock"))
    assert not narrowed.reads_all
    assert narrowed.reads_all_resources
    assert not narrowed.by_place
    assert not rights(Role.VIEWER, deny("read", resource_type=HOST)).reads_all_resources
    assert rights(Role.VIEWER, deny("read", domain="x", **{"except": KITCHEN})).by_place


GOOD = allow("read")


@pytest.mark.parametrize(
    ("name", "rules", "paths"),
    [
        ("Bad Name", [GOOD], ["name"]),
        ("p", [], ["rules"]),
        ("p", "x", ["rules"]),
        ("p", [GOOD] * (MAX_RULES + 1), ["rules"]),
        ("p", [5], ["rules.0"]),
        ("p", [GOOD, {}], ["rules.1.effect", "rules.1.verbs"]),
        ("p", [{"effect": "maybe", "verbs": ["read"]}], ["rules.0.effect"]),
        ("p", [allow("read", "fly")], ["rules.0.verbs.1"]),
        ("p", [allow("write", domain="light")], ["rules.0.verbs.0"]),
        ("p", [allow("control", resource_type="a.b")], ["rules.0.verbs.0"]),
        ("p", [allow("call", area="kitchen")], ["rules.0.verbs.0"]),
        ("p", [allow("read", room="kitchen")], ["rules.0.room"]),
        ("p", [allow("read", area=[])], ["rules.0.area"]),
        ("p", [allow("read", area=["a", 5, ""])], ["rules.0.area.1", "rules.0.area.2"]),
        ("p", [allow("read", **{"except": {}})], ["rules.0.except"]),
        ("p", [allow("read", **{"except": {"room": "a"}})], ["rules.0.except.room"]),
        ("p", [allow("read", **{"except": [{"area": "a"}, 5]})], ["rules.0.except.1"]),
        (5, None, ["name", "rules"]),
    ],
)
def test_every_mistake_is_told_with_its_path(name: Any, rules: Any, paths: list[str]) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parsed(name, rules)
    assert [problem["path"] for problem in caught.value.problems] == paths
    assert caught.value.as_dict()["problems"] == caught.value.problems


def test_a_policy_keeps_its_wire_form() -> None:
    rules = [
        {"effect": "deny", "verbs": ["read", "control"], "domain": ["lock"],
         "except": [{"entity": ["lock.shed"]}]},
        {"effect": "allow", "verbs": ["write"], "resource_type": ["proxy.*"]},
    ]  # fmt: skip
    policy = parsed("garden", rules, "For the gardener")
    assert policy.as_dict()["rules"] == rules
    assert parsed("garden", policy.as_dict()["rules"]).rules == policy.rules


def test_hostile_globs_are_only_patterns() -> None:
    own = rights(Role.OPERATOR, deny("read", entity=["[", "*" * 200 + "x", "light.(a+)+$"]))
    assert own.may("read", "light." + "a" * 5000)
