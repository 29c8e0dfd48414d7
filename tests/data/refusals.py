"""How a test looks at data that are refused."""

from __future__ import annotations

import pytest

from tf_ganaug.errors import InputError


def line_of(work, *arguments, **options):
    """The one line with which it is refused."""
    with pytest.raises(InputError) as caught:
        work(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def read_all(read, *arguments, **options):
    """Finds the data and reads every image and label."""
    dataset = read(*arguments, **options)
    for case in dataset.cases:
        case.read_image()
        case.class_indices(dataset.spec)
