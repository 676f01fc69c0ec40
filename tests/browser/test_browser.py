"""Says once, by skipping or failing, whether the browser that the other tests need is there."""

import pytest

pytestmark = pytest.mark.browser


def test_chromium_is_there(chromium: str) -> None:
    assert chromium
