"""User data: one environment file, whatever stands in it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cinema.instances import environment_file

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, st.from_regex(r"[A-Za-z0-9._:/,@+-]{0,20}", fullmatch=True)))
def test_cloud_init_writes_exactly_the_values(values: dict[str, str]) -> None:
    text = environment_file(values)
    assert text.startswith("#cloud-config\n")
    told = yaml.safe_load(text)
    assert set(told) == {"write_files"}
    (file,) = told["write_files"]
    lines = [(*line.partition("=")[::2],) for line in file["content"].splitlines()]
    assert dict(lines) == values


@given(st.text(min_size=1))
def test_a_value_that_would_need_quotes_is_refused_or_kept_as_it_is(value: str) -> None:
    try:
        text = environment_file({"NAME": value})
    except ValueError:
        return
    assert yaml.safe_load(text)["write_files"][0]["content"] == f"NAME={value}\n"


@pytest.mark.parametrize("value", ["a b", "a\nOTHER=b", "$(reboot)", "`id`", "'", '"', "#", "a\\"])
def test_nothing_of_a_shell_gets_in(value: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        environment_file({"NAME": value})
