"""What is set once for all trainings of a process."""

from __future__ import annotations

import gc

from tf_ganaug.experiment.process import prepare_process
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.papers.neff2018.settings import Settings


def test_collections_pass_over_the_libraries_and_not_over_what_is_made_later():
    settings = load_settings(Settings, configs_folder(), "neff2018", "smoke", [])
    gc.unfreeze()  # as in a process without the tests' own conftest.py
    prepare_process(settings)
    libraries = gc.get_freeze_count()
    assert libraries > 100_000
    later = [[number] for number in range(1000)]
    prepare_process(settings)
    assert gc.get_freeze_count() <= libraries and len(later) == 1000
