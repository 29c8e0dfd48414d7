"""In which precision tests make whole commands."""

from __future__ import annotations

from contextlib import contextmanager

from tf_ganaug import backend

#: Half on one of the stacks, so that the tests of both make each experiment's report, and an answer of `run`, in both.
PRECISION = "float32" if backend.REFERENCE_STACK else "mixed_bfloat16"


@contextmanager
def float32_after():
    """The policy is the process's, which goes on to other tests."""
    try:
        yield
    finally:
        backend.set_precision("float32")
