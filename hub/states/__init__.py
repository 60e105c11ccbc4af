"""The state machine: every entity's present value, serialised at most once."""

from hub.states.machine import StateListener, StateMachine, valid_entity_id
from hub.states.state import State, StateChanged, compressed_diff

__all__ = [
    "State",
    "StateChanged",
    "StateListener",
    "StateMachine",
    "compressed_diff",
    "valid_entity_id",
]
