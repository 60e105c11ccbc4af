"""Whatever a template says, it ends, in time, and nothing but TemplateError comes out."""
# ruff: noqa: E501, ISC004 - a template on one line is read more easily

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.templates import TemplateError
from hub.templates.limits import MAX_CHARACTERS, MAX_SECONDS

Render = Callable[..., Any]

ENDLESS: list[str] = [
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in range(100000) %}{% for b in range(100000) if b < 0 %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
    "{% for a in range(99999) %}{{ range(99999) | map('float') | list | max }}{% endfor %}",
    "{% for a in range(99999) %}{{ states | list | count }}{% endfor %}",
    "{% macro m(n) %}{% for i in range(9) %}{{ m(n - 1) if n }}{% endfor %}{% endmacro %}{{ m(99) }}",
    "{% for a in range(9) recursive %}{{ loop(range(9)) if loop.depth < 99 }}{% endfor %}",
    "{{ ('x' * 5000) | regex_match('(x+x+)+y') }}",
    "{{ ('a' * 30) | regex_search('(a|aa)+c|(a|a?)+d') }}{{ ('ab' * 9000) | regex_findall('(a.*b.*)*c') }}",
    "{{ range(100000) | map('multiply', 1) | map('int') | map('apply', 'float') | list | sort | sum }}"
    * 30,
    "{% set ns = namespace(d=range(99999) | list) %}{% for i in range(9999) %}"
    "{% set ns.d = ns.d | sort(reverse=true) %}{% endfor %}",
    "{% for i in range(99999) %}{{ range(2, 29999) | map('string') | join | count }}{% endfor %}",
    "{% set big = 2 ** 61 - 1 %}{% set ns = namespace(l=[]) %}{% for i in range(60000) %}"
    "{% set ns.l = ns.l + [i * big] %}{% endfor %}{{ ns.l | set | count }}",
]

HUGE: list[str] = [
    "{{ 'a' * 10 ** 9 }}",
    "{{ 10 ** 9 * 'a' }}",
    "{{ [0] * 10 ** 9 }}",
    "{{ 10 ** 9 * (0,) }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ 2 ** 999999 * 2 ** 999999 }}",
    "{{ 'a'.ljust(10 ** 9) }}",
    "{{ 'a'.rjust(10 ** 9) }}",
    "{{ 'a'.center(10 ** 9) }}",
    "{{ 'a'.zfill(10 ** 9) }}",
    "{{ '\\t'.expandtabs(10 ** 9) }}",
    "{{ 'a' | center(10 ** 9) }}",
    "{{ 'a' | indent(10 ** 9, true) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (10 ** 9, 1) }}",
    "{{ '%(a)1000000000d' % {'a': 1} }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
    "{{ '{:.1000000000f}'.format(1) }}",
    "{{ '{x:1000000000}'.format_map({'x': 1}) }}",
    "{{ now().strftime('%1000000000d') }}",
    "{{ 0 | timestamp_custom('%1000000000d') }}",
    "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
    "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}",
    "{{ ('a' * 100000) | regex_replace('a', 'b' * 100000) }}",
    "{{ ('a' * 100000) | regex_replace('(a+)', '\\\\1' * 400) }}",
    "{{ (['a' * 100000] * 100000) | join }}",
    "{{ ','.join(['a' * 100000] * 100000) }}",
    "{{ ('a' * 1000).join(range(1000) | map('string')) }}",
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = {1: ns.x, 2: ns.x} %}{% endfor %}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = zip(ns.x, ns.x) | list * 2 %}{% endfor %}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x=3) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}"
    "{% set ns.l = ns.l + ['a' * 200000 ~ i] %}{% endfor %}",
    "{% for i in range(100000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
    "{% set x %}{% for i in range(100000) %}{{ 'a' * 100000 }}{% endfor %}{% endset %}",
    "{{ range(10 ** 6) | list }}",
    "{{ range(10 ** 30) }}",
    "{{ [1] | batch(10 ** 9, 0) | list }}",
    "{{ [1] | slice(10 ** 9) | list }}",
    "{{ ('a' * 200000) | wordwrap(1) }}",
    "{{ ('<' * 200000) | striptags }}",
    "{{ ('http://' * 20000) | urlize }}",
    "{{ 'x' | pack('1000000000s') }}",
    "{{ '\\n' * 200000 }}{{ ('\\n' * 200000) | indent(900) }}",
    "{{ ([['a' * 1000] * 1000] * 1000) | string }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ ('[' * 100000) | from_json }}",
    "{{ ('a' * 2000) | regex_match('a' * 2000) }}",
]

FORBIDDEN: list[str] = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{{ states.__class__ }}",
    "{{ states.light.kitchen._state }}",
    "{{ states.light.kitchen.attributes.update({'x': 1}) }}",
    "{{ states.light.kitchen.attributes.modes.append(1) }}",
    "{{ states.light.kitchen.attributes.modes.sort() }}",
    "{{ states.light.kitchen.attributes.pop('modes') }}",
    "{% set states.light.kitchen.attributes = 1 %}",
    "{{ range.__init__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ now().__reduce__() }}",
    "{{ states.set('light.kitchen', 'off') }}",
    "{{ self._TemplateReference__context }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% for a in [1] %}{{ loop._iterator }}{% endfor %}",
    "{{ given() }}",
    "{{ given.run() }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ now().fromtimestamp(0) }}",
]


@pytest.mark.parametrize("text", ENDLESS, ids=[str(n) for n, _ in enumerate(ENDLESS)])
async def test_a_template_without_end_ends(render: Render, text: str) -> None:
    with pytest.raises(TemplateError, match="Exceeded maximum execution time") as error:
        render(text, timeout=MAX_SECONDS)
    assert len(error.value.message) < 500


async def test_a_huge_value_is_refused(render: Render) -> None:
    for text in HUGE:
        with pytest.raises(TemplateError) as error:
            pytest.fail(f"{text} gave {render(text, timeout=30)!r:.80}")
        assert not error.value.late, text
        assert len(error.value.message) < 500


async def test_nothing_is_changed_and_nothing_private_is_reached(
    render: Render, house: Any
) -> None:
    class Thing:
        def run(self) -> None:
            raise AssertionError

    before = house.states.all_json()
    for text in FORBIDDEN:
        with pytest.raises(TemplateError):
            pytest.fail(f"{text} gave {render(text, {'given': Thing()})!r:.80}")
    assert house.states.all_json() == before


async def test_the_time_is_the_callers(render: Render) -> None:
    text = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match=r"Exceeded maximum execution time of 0\.01s") as error:
        render(text, timeout=0.01)
    assert error.value.late


async def test_a_text_may_be_as_long_as_the_limit(render: Render) -> None:
    assert len(render(f"{{{{ 'a' * {MAX_CHARACTERS} }}}}")) == MAX_CHARACTERS
    with pytest.raises(TemplateError):
        render(f"{{{{ 'a' * {MAX_CHARACTERS} }}}}a")


async def test_compiled_templates_are_kept_up_to_a_number(house: Any) -> None:
    from hub.templates.templates import MAX_KEPT

    for number in range(MAX_KEPT + 10):
        house.templates.compile(f"text {number}")
    first = house.templates.compile("text 500")
    assert house.templates.compile("text 500") is first
    assert len(house.templates._kept) == MAX_KEPT


# --- any text at all

ATOMS = st.sampled_from(
    [
        "1",
        "-1",
        "0",
        "1.5",
        "10**9",
        "'a'",
        "'%d'",
        "'{:9}'",
        "[]",
        "[1, 'b']",
        "(1,)",
        "{}",
        "{'a': [1]}",
        "none",
        "true",
        "nope",
        "states",
        "states.light",
        "states.light.kitchen",
        "states('light.kitchen')",
        "now()",
        "range(99999)",
        "namespace(a=1)",
        "loop",
        "self",
        "timedelta(1)",
        "e",
        "inf",
        "trigger",
        "'light.kitchen'",
        "'kitchen'",
        "''",
    ]
)
NAMES = st.sampled_from(["a", "state", "attributes", "format", "items", "x", "join", "__class__"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    from hub.templates.environment import environment

    known = environment()
    calls = st.sampled_from(sorted(name for name in known.globals if callable(known.globals[name])))
    filters = st.sampled_from(sorted(known.filters))
    tests = st.sampled_from(sorted(known.tests))
    operators = st.sampled_from(
        ["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and", "or"]
    )
    arguments = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{}({})".format, calls, arguments),
        st.builds("({} | {})".format, inner, filters),
        st.builds("({} | {}({}))".format, inner, filters, arguments),
        st.builds("({} is {}({}))".format, inner, tests, arguments),
        st.builds("{}.{}".format, inner, NAMES),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{}]".format, arguments),
    )


EXPRESSIONS = st.recursive(ATOMS, _grown, max_leaves=8)
TEXTS = st.one_of(
    st.builds("{{{{ {} }}}}".format, EXPRESSIONS),
    st.builds("{{% for a in {} %}}{{{{ {} }}}}{{% endfor %}}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds(
        "{{% set x = {} %}}{{% if {} %}}{{{{ x }}}}{{% endif %}}".format, EXPRESSIONS, EXPRESSIONS
    ),
    st.lists(
        st.sampled_from(
            [
                *("{{", "}}", "{%", "%}", "{#", "#}"),
                *("for", "in", "if", "endif", "endfor", "set", "a"),
                *"|()[]'~.1",
            ]
        ),
        max_size=20,
    ).map(" ".join),
    st.text(max_size=40).map("{{{{ {} }}}}".format),
)


async def test_no_text_does_anything_but_render_or_fail(house: Any) -> None:
    """Run in the test's own loop: hypothesis calls a plain function many times."""
    state = house.states.get("light.kitchen")

    @settings(max_examples=400, suppress_health_check=list(HealthCheck), database=None)
    @given(TEXTS)
    def run(text: str) -> None:
        try:
            template = house.templates.compile(text)
            template.render({"trigger": {"to_state": state}}, timeout=0.05)
            template.render_tracked(strict=True, timeout=0.05)
        except TemplateError as error:
            assert error.message  # noqa: PT017 - either is right

    run()
    assert house.states.get("light.kitchen") is state
