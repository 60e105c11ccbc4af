"""What to do when the outside does not answer: wait longer and longer, and leave it alone."""

from hub.resilience.backoff import Backoff
from hub.resilience.breaker import Breaker, BreakerState

__all__ = ["Backoff", "Breaker", "BreakerState"]
