"""Jinja's sandbox with the house's limits; importing this module imports Jinja.

One environment serves every house: functions find theirs in `CURRENT`. Constants are not folded
while compiling, for that would run filters before any limit counts.
"""
# ruff: noqa: ARG002, N802, SLF001 - Jinja calls and hands over what it likes

from collections.abc import Callable, Iterable
from functools import lru_cache, partial, wraps
from time import perf_counter
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, Final, NoReturn

from jinja2 import Template as Code
from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Joiner, Namespace, missing, pass_context

from hub.templates import reach, texts
from hub.templates.current import CURRENT
from hub.templates.limits import checked
from hub.templates.proxies import MISSING, AllStates, Proxy

_CALLABLE: Final = (
    *(FunctionType, MethodType, BuiltinMethodType, partial),
    *(Macro, LoopContext, BlockReference, Joiner, AllStates),
)


class Unknown(Undefined):
    """A name or attribute that is not there: empty, told as a warning, an error when strict."""

    __slots__ = ()

    def _warn(self) -> None:
        run = CURRENT.run
        forbidden = self._undefined_exception is SecurityError
        if forbidden or (run is not None and run.strict):
            self._fail_with_undefined_error()
        if run is not None and len(run.warnings) < 20:
            run.warnings[self._undefined_message] = None

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self._undefined_exception(self._undefined_message)

    def __str__(self) -> str:
        self._warn()
        return ""

    def __iter__(self) -> Any:
        self._warn()
        return iter(())

    def __len__(self) -> int:
        self._warn()
        return 0

    def __bool__(self) -> bool:
        self._warn()
        return False

    def __repr__(self) -> str:
        return "Undefined"

    __hash__ = Undefined.__hash__

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)


class Names(Namespace):
    """`namespace()`, whose text does not go on for ever."""

    def __repr__(self) -> str:
        return "<namespace>"


class _Generator(CodeGenerator):
    """Writes a look at the clock into each loop, and lets every step that can grow be counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bodies: set[int] = set()

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        self._bodies.add(id(node.body))
        super().visit_For(node, frame)

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        if id(body) in self._bodies:
            self.writeline("environment.tick()")
        super().blockvisit(body, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.put_together((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self._made(node, frame, super().visit_List)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        self._made(node, frame, super().visit_Tuple)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self._made(node, frame, super().visit_Dict)

    def _made(self, node: nodes.Expr, frame: Frame, visit: Callable[..., None]) -> None:
        """Weigh a list, tuple or mapping that holds more than constants."""
        target = getattr(node, "ctx", "load") != "load"
        if target or all(
            isinstance(part, nodes.Const)
            for child in node.iter_child_nodes()
            for part in (child.iter_child_nodes() if isinstance(child, nodes.Pair) else (child,))
        ):
            visit(node, frame)
            return
        self.write("environment.made(")
        visit(node, frame)
        self.write(")")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.text(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")


class HubEnvironment(ImmutableSandboxedEnvironment):
    """What templates may do, step by step."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    text = staticmethod(texts.text)
    concat = staticmethod(texts.joined)

    def __init__(self) -> None:
        """Load the functions, filters and tests."""
        super().__init__(
            undefined=Unknown,
            autoescape=False,
            optimized=False,
            extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"],
            cache_size=0,
        )
        from hub.templates.functions import filters, globals_, tests

        self.globals = {"namespace": Names, **globals_()}
        self.filters = {name: counted(call) for name, call in filters(self.filters).items()}
        known: dict[str, Any] = self.tests
        self.tests = {name: timed(call) for name, call in tests(known).items()}

    @staticmethod
    def tick() -> None:
        """Look at the time, at the beginning of each pass of a loop."""
        run = CURRENT.run
        if run is None or perf_counter() > run.deadline:
            CURRENT.get().tick()

    @staticmethod
    def made(value: Any) -> Any:
        """Measure a list or mapping that an expression made."""
        return checked(CURRENT.get(), value)

    @staticmethod
    def put_together(parts: tuple[Any, ...]) -> str:
        """Do what `~` does."""
        return texts.joined(map(texts.text, parts))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate."""
        if type(left) in _NUMBERS and type(right) in _NUMBERS and operator in _EASY:
            if operator == "*" and left.__class__ is right.__class__ is int:
                if left.bit_length() + right.bit_length() < _WORD:
                    return left * right
            elif left.__class__ is float or right.__class__ is float or -_FAR < left < _FAR:
                return self.binop_table[operator](left, right)
        return texts.calculate(operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of a template."""
        run = CURRENT.get()
        run.tick()
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if not isinstance(obj, _CALLABLE) and obj is not Names:
            raise SecurityError(f"{type(obj).__name__!r} object is not callable")
        return checked(run, context.call(obj, *args, **kwargs))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute`, or a thing that says that there is none."""
        found = self._attribute(obj, attribute)
        if found is MISSING:
            found = reach.item(obj, attribute)
        return self._absent(obj, attribute) if found is MISSING else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`, or a thing that says that there is none."""
        found = obj.item(argument) if isinstance(obj, Proxy) else reach.item(obj, argument)
        if found is MISSING and isinstance(argument, str):
            found = self._attribute(obj, argument)
        return self._absent(obj, argument) if found is MISSING else found

    def _attribute(self, obj: Any, name: str) -> Any:
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if name.startswith("_"):
            return MISSING
        if isinstance(obj, Namespace):
            try:
                return getattr(obj, name)
            except AttributeError:
                return MISSING
        return reach.attribute(obj, name)

    def _absent(self, obj: Any, name: Any) -> Undefined:
        if isinstance(name, str) and name.startswith("_"):
            self.unsafe_undefined(obj, name)._fail_with_undefined_error()
        if isinstance(name, str) and reach.exists(obj, name):
            return self.unsafe_undefined(obj, name)
        return self.undefined(obj=obj, name=name)


_NUMBERS: Final = frozenset({float, int})
_EASY: Final = frozenset("+-*/")
_WORD: Final = 1_000
_FAR: Final = 1 << 60
"""What is calculated without a look at the limits: it can not come near them."""


def counted(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter look at the time first and its result be measured."""

    @wraps(call)
    def count(*args: Any, **kwargs: Any) -> Any:
        run = CURRENT.get()
        run.tick()
        return checked(run, call(*args, **kwargs))

    return count


def timed(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a test look at the time first; its result is yes or no."""

    @wraps(call)
    def look(*args: Any, **kwargs: Any) -> Any:
        CURRENT.get().tick()
        return call(*args, **kwargs)

    return look


@lru_cache(maxsize=1)
def environment() -> HubEnvironment:
    """Return the environment, made when the first template is compiled."""
    return HubEnvironment()


__all__ = ["Code", "HubEnvironment", "UndefinedError", "environment", "missing", "pass_context"]
