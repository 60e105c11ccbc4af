"""Tables of template and result: what people copy from the documents of Home Assistant."""
# ruff: noqa: E501 - a template on one line is read more easily

from collections.abc import Callable
from typing import Any

import pytest

from hub.templates import TemplateError

Render = Callable[..., Any]

TIME = "2027-01-18T09:01:30+01:00"

RESULTS: dict[str, list[tuple[str, Any]]] = {
    "native results": [
        ("{{ 5 }}", 5),
        ("{{ '5' }}", 5),
        ("{{ 5.0 }}", 5.0),
        ("{{ -3 }}", -3),
        ("{{ '+4' }}", 4),
        ("{{ '.5' }}", 0.5),
        ("{{ '5.' }}", 5.0),
        ("{{ true }}", True),
        ("{{ 'False' }}", False),
        ("{{ none }}", None),
        ("{{ 'true' }}", "true"),
        ("{{ '007' }}", "007"),
        ("{{ '0' }}", 0),
        ("{{ '0.5' }}", 0.5),
        ("{{ '1_000' }}", "1_000"),
        ("{{ '1e5' }}", "1e5"),
        ("{{ '0x1f' }}", "0x1f"),
        ("{{ '1+2j' }}", "1+2j"),
        ("{{ '\"quoted\"' }}", '"quoted"'),
        ("{{ [1, 'a', none] }}", [1, "a", None]),
        ("{{ (1, 2) }}", (1, 2)),
        ("{{ '1, 2' }}", (1, 2)),
        ("{{ {'a': {'b': 1.5}} }}", {"a": {"b": 1.5}}),
        ("{{ [1] | set }}", {1}),
        ("{{ '...' }}", "..."),
        ("{{ '[...]' }}", "[...]"),
        ("{{ \"b'x'\" }}", "b'x'"),
        ("{{ '9' * 5000 }}", "9" * 5000),
        ("  {{ 1 }}\n", 1),
        ("hello, world {{ 1 }}", "hello, world 1"),
        ("plain text", "plain text"),
        ("5", 5),
        ("{# nothing #}", ""),
    ],
    "states": [
        ("{{ states('sensor.oven_heat') }}", 21.456),
        ("{{ states('SENSOR.oven_heat') }}", 21.456),
        ("{{ states('sensor.oven_heat', rounded=True) }}", 21.5),
        ("{{ states('sensor.oven_heat', with_unit=True) }}", "21.5 °C"),
        ("{{ states('sensor.oven_heat', rounded=False, with_unit=True) }}", "21.456 °C"),
        ("{{ states('sensor.nope') }}", "unknown"),
        ("{{ states('no entity') }}", "unknown"),
        ("{{ 'light.attic' | states }}", "off"),
        ("{{ states.light.kitchen.state }}", "on"),
        ("{{ states.light.kitchen.attributes.brightness }}", 120),
        ("{{ states.light.kitchen.attributes['modes'] }}", ["a", "b"]),
        ("{{ states['light.kitchen'].state }}", "on"),
        ("{{ states['light'].kitchen.state }}", "on"),
        ("{{ states.light.nope }}", None),
        ("{{ states.light.nope is none }}", True),
        ("{{ states.sensor.oven_heat.name }}", "Oven Heat"),
        ("{{ states.sensor.oven_heat.state_with_unit }}", "21.5 °C"),
        ("{{ states.light.kitchen.domain }}/{{ states.light.kitchen.object_id }}", "light/kitchen"),
        ("{{ states.light.kitchen.last_changed.isoformat() }}", "2027-01-18T08:01:30+00:00"),
        ("{{ states.light.kitchen.context.user_id }}", None),
        ("{{ states.light.kitchen == states['light.kitchen'] }}", True),
        (
            "{{ states.light | map(attribute='entity_id') | list }}",
            ["light.attic", "light.kitchen"],
        ),
        ("{{ states.light | selectattr('state', 'eq', 'on') | list | count }}", 1),
        ("{{ states | count }}", 8),
        ("{% for s in states.light %}{{ s.entity_id }} {% endfor %}", "light.attic light.kitchen"),
        ("{{ is_state('light.kitchen', 'on') }}", True),
        ("{{ is_state('light.kitchen', ['off', 'on']) }}", True),
        ("{{ is_state('light.nope', 'unknown') }}", False),
        ("{{ 'light.kitchen' is is_state('on') }}", True),
        (
            "{{ ['light.kitchen', 'light.attic'] | select('is_state', 'on') | list }}",
            ["light.kitchen"],
        ),
        ("{{ state_attr('light.kitchen', 'brightness') }}", 120),
        ("{{ state_attr('light.nope', 'brightness') }}", None),
        ("{{ is_state_attr('light.kitchen', 'brightness', 120) }}", True),
        ("{{ has_value('sensor.oven_heat') }}", True),
        ("{{ has_value('sensor.gone') or has_value('sensor.dim') or has_value('a.b') }}", False),
        (
            "{{ ['sensor.gone', 'sensor.oven_heat'] | select('has_value') | list }}",
            ["sensor.oven_heat"],
        ),
        ("{{ expand('group.lights') | map(attribute='state') | list }}", ["off", "on"]),
        ("{{ expand(['light.kitchen', states.light.attic], 'x.y') | count }}", 2),
    ],
    "registries": [
        ("{{ areas() | sort }}", ["attic", "kitchen"]),
        ("{{ area_id('Küche') }}", "kitchen"),
        ("{{ area_id('sensor.oven_heat') }}", "kitchen"),
        ("{{ area_name('light.kitchen') }}", "Kitchen"),
        ("{{ area_name('nowhere') }}", None),
        ("{{ area_entities('Kitchen') | sort }}", ["light.kitchen", "sensor.oven_heat"]),
        ("{{ area_devices('kitchen') | count }}", 1),
        ("{{ floors() }}", ["ground_floor"]),
        ("{{ floor_id('Downstairs') }}", "ground_floor"),
        ("{{ floor_id('sensor.oven_heat') }}", "ground_floor"),
        ("{{ floor_name('kitchen') }}", "Ground floor"),
        ("{{ floor_areas('ground_floor') }}", ["kitchen"]),
        ("{{ floor_entities('ground_floor') | count }}", 2),
        ("{{ labels() }}", ["winter"]),
        ("{{ labels('light.kitchen') }}", ["winter"]),
        ("{{ labels('Attic') }}", ["winter"]),
        ("{{ label_id('Winter') }}", "winter"),
        ("{{ label_name('winter') }}", "Winter"),
        ("{{ label_description('winter') }}", "For the cold months"),
        ("{{ label_entities('winter') }}", ["light.kitchen"]),
        ("{{ label_areas('winter') }}", ["attic"]),
        ("{{ label_devices('winter') | count }}", 1),
        ("{{ device_id('Oven') == device_id('sensor.oven_heat') }}", True),
        ("{{ device_name('sensor.oven_heat') }}", "Oven"),
        ("{{ device_attr('sensor.oven_heat', 'manufacturer') }}", "Smeg"),
        ("{{ device_attr(device_id('Oven'), 'identifiers') }}", {("demo", "oven")}),
        ("{{ is_device_attr('sensor.oven_heat', 'model', none) }}", True),
        ("{{ device_entities(device_id('Oven')) }}", ["sensor.oven_heat"]),
        ("{{ integration_entities('demo') | sort }}", ["light.kitchen", "sensor.oven_heat"]),
        ("{{ is_hidden_entity('light.kitchen') }}", True),
        ("{{ 'sensor.oven_heat' is is_hidden_entity }}", False),
        ("{{ entity_name('sensor.oven_heat') }}", "Heat"),
    ],
    "places": [
        ("{{ distance('person.bo') | round(1) }}", 57.4),
        ("{{ distance('person.bo', 'person.anna') | round(1) }}", 57.4),
        ("{{ distance(51.92, 4.48, 52.37, 4.89) | round(1) }}", 57.4),
        ("{{ distance('light.kitchen') }}", None),
        ("{{ closest(states.person).entity_id }}", "person.anna"),
        ("{{ closest(51.9, 4.5, ['person.anna', 'person.bo']).entity_id }}", "person.bo"),
        ("{{ states.person | closest('person.bo') }}", "<state person.bo=away>"),
    ],
    "times": [
        ("{{ now().isoformat() }}", TIME),
        ("{{ utcnow().isoformat() }}", "2027-01-18T08:01:30+00:00"),
        ("{{ now().hour }}:{{ now().weekday() }}", "9:0"),
        ("{{ now().strftime('%H:%M') }}", "09:01"),
        ("{{ today_at('07:30').isoformat() }}", "2027-01-18T07:30:00+01:00"),
        ("{{ now() > today_at('07:30') }}", True),
        ("{{ as_timestamp(now()) }}", 1800259290.0),
        ("{{ as_timestamp('2027-01-18 09:01:30') }}", 1800259290.0),
        ("{{ as_timestamp('2027-01-18T08:01:30Z') }}", 1800259290.0),
        ("{{ as_timestamp('nonsense', 0) }}", 0),
        ("{{ as_datetime('2027-01-18 09:01:30').hour }}", 9),
        ("{{ as_datetime(1800259290).isoformat() }}", "2027-01-18T08:01:30+00:00"),
        ("{{ as_datetime('nonsense') }}", None),
        ("{{ as_local(utcnow()).isoformat() }}", TIME),
        (
            "{{ (now() + as_timedelta('1 day, 02:00:00')).isoformat() }}",
            "2027-01-19T11:01:30+01:00",
        ),
        ("{{ as_timedelta('PT15M').total_seconds() }}", 900.0),
        ("{{ as_timedelta('-00:10') }}", "-1 day, 23:50:00"),
        ("{{ as_timedelta('nonsense') }}", None),
        ("{{ timedelta(hours=1, minutes=5).seconds }}", 3900),
        ("{{ strptime('18.01.2027', '%d.%m.%Y').day }}", 18),
        ("{{ strptime('x', '%d', none) }}", None),
        ("{{ 1800259290 | timestamp_custom('%H:%M') }}", "09:01"),
        ("{{ 1800259290 | timestamp_custom('%H:%M', false) }}", "08:01"),
        ("{{ 1800259290 | timestamp_local }}", TIME),
        ("{{ 1800259290 | timestamp_utc }}", "2027-01-18T08:01:30+00:00"),
        ("{{ relative_time(now() - timedelta(hours=2, minutes=30)) }}", "2 hours"),
        ("{{ time_since(now() - timedelta(hours=2, minutes=30), 2) }}", "2 hours 30 minutes"),
        ("{{ time_until(now() + timedelta(days=1, seconds=1), 0) }}", "1 day 1 second"),
        ("{{ time_since(now()) }}", "0 seconds"),
    ],
    "numbers": [
        ("{{ '3.5' | float + 1 }}", 4.5),
        ("{{ 'x' | float(0) }}", 0),
        ("{{ 'x' | float(none) }}", None),
        ("{{ float('2') * 2 }}", 4.0),
        ("{{ '7.9' | int }}", 7),
        ("{{ 'ff' | int(base=16) }}", 255),
        ("{{ 'x' | int(-1) }}", -1),
        ("{{ 2.567 | round(1) }}", 2.6),
        ("{{ 2.5 | round }}", 2),
        ("{{ 2.1 | round(0, 'ceil') }}", 3),
        ("{{ 2.19 | round(1, 'floor') }}", 2.1),
        ("{{ 2.3 | round(1, 'half') }}", 2.5),
        ("{{ 'x' | round(1, default=0) }}", 0),
        ("{{ 5 | round(-1000000000) }}", 0.0),
        ("{{ 'on' | bool }}", True),
        ("{{ 'maybe' | bool(false) }}", False),
        ("{{ is_number('1e3') }}", True),
        ("{{ 'nan' is is_number }}", False),
        ("{{ [1, 2, 6] | average }}", 3.0),
        ("{{ average(1, 2) }}", 1.5),
        ("{{ average([], 0) }}", 0),
        ("{{ median([1, 9, 2]) }}", 2.0),
        ("{{ statistical_mode([1, 2, 2]) }}", 2),
        ("{{ min(3, 1) + max([4, 2]) }}", 5),
        ("{{ [3, 1] | min }}", 1),
        ("{{ sqrt(16) + log(100, 10) }}", 6.0),
        ("{{ sin(pi / 2) + cos(0) }}", 2.0),
        ("{{ atan2(1, 1) == pi / 4 }}", True),
        ("{{ tau == 2 * pi and e > 2.7 }}", True),
        ("{{ sqrt(-1, 'none') }}", "none"),
        ("{{ 3 | multiply(2) | add(1) }}", 7.0),
        ("{{ 12 | bitwise_and(10) }}", 8),
        ("{{ bitwise_or(12, 10) }} {{ bitwise_xor(12, 10) }}", "14 6"),
        ("{{ 1 | ordinal }} {{ 12 | ordinal }} {{ 23 | ordinal }}", "1st 12th 23rd"),
        (
            "{{ clamp(15, 0, 10) }} {{ wrap(370, 0, 360) }} {{ remap(5, 0, 10, 0, 100) }}",
            "10.0 10.0 50.0",
        ),
        ("{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 8 }}", "3 3 256"),
    ],
    "choosing and types": [
        ("{{ iif(1 > 0, 'yes', 'no') }}", "yes"),
        ("{{ none | iif('a', 'b', 'c') }}", "c"),
        ("{{ typeof([]) }} {{ typeof('') }} {{ 1 | typeof }}", "list str int"),
        ("{{ nope is defined }}", False),
        ("{{ nope | default('d') }}", "d"),
        ("{{ [1] is list and (1,) is tuple and 'a' is string }}", True),
        ("{{ now() is datetime }}", True),
    ],
    "lists and mappings": [
        ("{{ [1, [2, [3]]] | flatten }}", [1, 2, 3]),
        ("{{ [1, [2, [3]]] | flatten(1) }}", [1, 2, [3]]),
        ("{{ [1, 2, 3] | intersect([2, 3, 4]) | sort }}", [2, 3]),
        ("{{ [1, 2] | difference([2]) }}", [1]),
        ("{{ [1, 2] | symmetric_difference([2, 3]) | sort }}", [1, 3]),
        ("{{ [1] | union([2]) | sort }}", [1, 2]),
        ("{{ combine({'a': 1}, {'b': 2}) }}", {"a": 1, "b": 2}),
        (
            "{{ {'a': {'x': 1}} | combine({'a': {'y': 2}}, recursive=true) }}",
            {"a": {"x": 1, "y": 2}},
        ),
        ("{{ [1, 2] | contains(2) }}", True),
        ("{{ ['ab', 'cd'] | select('contains', 'a') | list }}", ["ab"]),
        ("{{ zip([1, 2], ['a', 'b']) | list }}", [(1, "a"), (2, "b")]),
        ("{{ set([1, 1]) | count }}", 1),
        ("{{ [3, 1, 2] | sort | join('-') }}", "1-2-3"),
        ("{{ shuffle([1, 2, 3], seed=1) | sort }}", [1, 2, 3]),
        ("{{ [1, 2] | random in [1, 2] }}", True),
        ("{{ [{'v': 1}, {'v': 2}] | sum(attribute='v') }}", 3),
        ("{{ [1, 2, 3, 4] | batch(2) | list }}", [[1, 2], [3, 4]]),
        ("{{ {'b': 1, 'a': 2} | dictsort }}", [("a", 2), ("b", 1)]),
        ("{{ dict(a=1, **{'b': 2}) }}", {"a": 1, "b": 2}),
        ("{{ {'a': 1}.items() | list }}", [("a", 1)]),
        (
            "{{ [{'k': 'a'}, {'k': 'b'}] | groupby('k') | map(attribute='grouper') | list }}",
            ["a", "b"],
        ),
        (
            "{{ merge_response({'c.x': {'events': [{'s': 1}]}}) }}",
            [{"s": 1, "entity_id": "c.x", "value_key": "events"}],
        ),
    ],
    "texts": [
        ("{{ 'A b Ç' | slugify }}", "a_b_c"),
        ("{{ slugify('A b', '-') }}", "a-b"),
        ("{{ 'abc' | regex_match('a') }} {{ 'abc' | regex_match('b') }}", "True False"),
        ("{{ 'abc' | regex_search('B', ignorecase=true) }}", True),
        ("{{ 'abc' is match('a') }} {{ 'abc' is search('c') }}", "True True"),
        ("{{ 'a1b2' | regex_replace('[0-9]', '-') }}", "a-b-"),
        ("{{ 'a1b2' | regex_replace('([a-z])', '\\\\1\\\\1') }}", "aa1bb2"),
        ("{{ 'a1b2' | regex_findall('[0-9]') }}", ["1", "2"]),
        ("{{ 'a1b2' | regex_findall_index('[0-9]', 1) }}", 2),
        ("{{ '%s-%02d' | format('a', 5) }}", "a-05"),
        ("{{ '%.1f' % 2.25 }}", 2.2),
        ("{{ '{:.2f} {}'.format(1.234, 'x') }}", "1.23 x"),
        ("{{ '{a.state}'.format(a=states.light.kitchen) }}", "on"),
        ("{{ 'a,b'.split(',') }}", ["a", "b"]),
        ("{{ ','.join(['a', 'b']) }}", "a,b"),
        ("{{ 'abc'.replace('b', '') | upper }}", "AC"),
        ("{{ 'x'.ljust(3, '.') ~ 'y'.zfill(2) }}", "x..0y"),
        ("{{ 'abc'[::-1] }}", "cba"),
        ("{{ '<b>' | e }}", "&lt;b&gt;"),
        ("{{ 'a b' | urlencode }} {{ urlencode({'q': 'a b'}) }}", "a%20b q=a+b"),
        ("{{ version('2024.10.1') > '2024.9' }}", True),
        ("{{ version('1.0') == '1.0.0' }} {{ version('1.0b1') < version('1.0') }}", "True True"),
        ("{{ version('2024.10').minor }}", 10),
    ],
    "encodings": [
        ("{{ '[1, {\"a\": true}]' | from_json }}", [1, {"a": True}]),
        ("{{ 'x' | from_json(0) }}", 0),
        ("{{ {'b': true, 'a': 'é'} | to_json(sort_keys=true) }}", '{"a":"é","b":true}'),
        ("{{ 'é' | to_json(ensure_ascii=true) }}", '"\\u00e9"'),
        ("{{ 'abc' | base64_encode }} {{ 'YWJj' | base64_decode }}", "YWJj abc"),
        ("{{ md5('a') }}", "0cc175b9c0f1b6a831c399e269772661"),
        (
            "{{ sha256('a')[:8] }} {{ sha1('a')[:8] }} {{ sha512('a')[:8] }}",
            "ca978112 86f7e437 1f40fc92",
        ),
        ("{{ 258 | pack('>H') | unpack('>H') }}", 258),
        ("{{ from_hex('0102') | unpack('>H') }}", 258),
    ],
    "the language": [
        (
            "{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
            10,
        ),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}{{ m(2) }}", "<1><2>"),
        (
            "{% macro d(x, returns) %}{% do returns(x * 2) %}{% endmacro %}{{ as_function(d)(4) }}",
            8,
        ),
        (
            "{% macro d(x, returns) %}{% do returns(x * 2) %}{% endmacro %}{{ [1, 2] | map('apply', as_function(d)) | list }}",
            [2, 4],
        ),
        ("{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012"),
        ("{% for i in [1, 2] if i > 1 %}{{ loop.index }}{{ loop.last }}{% endfor %}", "1True"),
        ("{% for i in [] %}x{% else %}none at all{% endfor %}", "none at all"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x | upper }}", "A1"),
        (
            "{% for r in [1, [2, [3]]] recursive %}{{ loop(r) if r is iterable else r }}{% endfor %}",
            123,
        ),
    ],
}


@pytest.mark.parametrize("subject", list(RESULTS))
async def test_results(render: Render, subject: str) -> None:
    wanted = {text: (type(result), result) for text, result in RESULTS[subject]}
    results = [(text, _outcome(render, text)) for text in wanted]
    assert {text: (type(found), found) for text, found in results} == wanted


def _outcome(render: Render, text: str) -> Any:
    try:
        return render(text)
    except TemplateError as error:
        return error


ERRORS: list[tuple[str, str]] = [
    ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero (line 1)"),
    ("a\nb\n{{ 1 / 0 }}", "ZeroDivisionError: division by zero (line 3)"),
    ("a\n{{ nope.x }}", "UndefinedError: 'nope' is undefined (line 2)"),
    ("{{ states.light.nope.state.x }}", "UndefinedError: 'None' has no attribute 'state'"),
    ("{{ 'x' | float }}", "float got invalid input 'x' but no default was specified (line 1)"),
    ("{{ 'x' | int }}", "int got invalid input 'x'"),
    ("{{ [] | average }}", "average of no values"),
    ("{{ today_at('x') }}", "expected a time such as '07:30'"),
    ("{{ device_attr('sensor.oven_heat', 'colour') }}", "a device has no 'colour'"),
    ("{{ 'x' | regex_match('(') }}", "the pattern '(' is not valid"),
    ("{{ nope | is_defined }}", "UndefinedError: 'nope' is undefined"),
    ("{{ [1, 'a'] | sum }}", "use join"),
]


async def test_failures_are_told_in_words(render: Render) -> None:
    for text, words in ERRORS:
        with pytest.raises(TemplateError) as error:
            render(text)
        assert words in error.value.message


REFUSED: list[tuple[str, str]] = [
    ("{{ foo(1) }}", "There is no function 'foo' (line 1)"),
    ("\n{{ state('x') }}", "There is no function 'state', did you mean 'states'? (line 2)"),
    ("{{ 1 | flot }}", "There is no filter 'flot', did you mean 'float'? (line 1)"),
    ("{{ 1 is nice }}", "There is no test 'nice'"),
    ("{{ [1] | map('flot') | list }}", "There is no filter 'flot'"),
    ("{{ [1] | selectattr('a', 'eqq', 1) | list }}", "There is no test 'eqq'"),
    ("{{ state_translated('x.y') }}", "'state_translated' of Home Assistant is not supported here"),
    ("{% if x %}", "TemplateSyntaxError: Unexpected end of template"),
    ("{{ }}", "TemplateSyntaxError: Expected an expression"),
    ("{% include 'x' %}", "The tag include is not supported (line 1)"),
    ("{% from 'x' import y %}", "The tag from ... import is not supported"),
    ("{% extends 'x' %}", "The tag extends is not supported"),
    ("{% block a %}{% endblock %}", "The tag block is not supported"),
    ("{{ 1 }}" * 12_000, "characters, the limit is 65536"),
    ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
    ("{{ " + "-" * 60_000 + "1 }}", "nested too deeply"),
    ("{{ " + "+".join(["1"] * 9_000) + " }}", "nested too deeply"),
]


async def test_what_is_not_supported_does_not_compile(render: Render) -> None:
    for text, words in REFUSED:
        with pytest.raises(TemplateError) as error:
            render(text)
        assert words in error.value.message, text[:80]


async def test_a_macro_of_the_template_is_a_function(render: Render) -> None:
    assert render("{% macro foo(x) %}{{ x }}{% endmacro %}{{ foo(1) }}") == 1


async def test_undefined_is_nothing_unless_strict(render: Render) -> None:
    assert render("a{{ nope }}b{% if nope %}c{% endif %}") == "ab"
    with pytest.raises(TemplateError, match="UndefinedError: 'nope' is undefined"):
        render("a{{ nope }}b", strict=True)
    assert render("{{ nope | default(1) }}", strict=True) == 1


async def test_text_instead_of_native(render: Render) -> None:
    assert render("{{ [1, 2] }}", native=False) == "[1, 2]"
    assert render("5", native=False) == "5"


async def test_nested_values(house: Any) -> None:
    value = {"a": "{{ x }}", "{{ x }}": ["5", "{{ x + 1 }}", {"b": (1, "{{ 'z' }}")}], "n": 1.5}
    found = house.templates.render(value, {"x": 1})
    assert found == {"a": 1, 1: ["5", 2, {"b": [1, "z"]}], "n": 1.5}
    assert value["a"] == "{{ x }}"
