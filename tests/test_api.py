"""The typed Python API: every promised name is there, and importing it stays light."""

import pytest

import sculpt3d


@pytest.mark.parametrize("name", sculpt3d.__all__)
def test_promised_names_exist(name: str) -> None:
    assert callable(getattr(sculpt3d, name))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing_like_this"):
        sculpt3d.nothing_like_this  # noqa: B018
