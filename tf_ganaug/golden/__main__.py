"""`python -m tf_ganaug.golden DIR` is `tf-ganaug golden DIR`, without the other commands."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tf_ganaug.errors import InputError
from tf_ganaug.golden.run import run


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser("python -m tf_ganaug.golden", description="Runs the golden cases of a folder.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return run(folder, print)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
