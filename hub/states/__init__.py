"""The state machine: every entity's present value, serialised at most once."""

from hub.states.machine import StateListener, StateMachine
from hub.states.state import State, StateChanged, compressed_diff

__all__ = ["State", "StateChanged", "StateListener", "StateMachine", "compressed_diff"]
