"""What all tests share: slow ones get more time than the limit in pyproject.toml, and no example has to be quick."""

import pytest
from hypothesis import HealthCheck, settings

collect_ignore_glob = ["data/*", "conftest.py", "*/conftest.py"]  # no tests; scripts in data/ may need TensorFlow
SLOW_LIMIT = 600  # seconds; a test that knows better says so with its own `timeout` marker

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        patient = item.get_closest_marker("slow") or item.get_closest_marker("browser")
        if patient and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_LIMIT))
