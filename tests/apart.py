"""Running on an event loop of its own, in a thread of its own.

The browser tests keep a loop in the thread of the tests, so none can be started there.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run_apart(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a scenario to its end; its result or its error is the caller's."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(scenario())).result()
