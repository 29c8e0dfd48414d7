"""The setting `augment` reaches the critic of every generator, with the image's channels and what may be mirrored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.errors import InputError
from tf_ganaug.generators.joint_gan import JointGan
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.generator import Generator
from tf_ganaug.question.settings import TRAINED

pytestmark = pytest.mark.usefixtures("eager_file")

BUILD = {
    "wgan_gp": lambda made: JointGan(made._with(gan=made.settings.wgan_gp)).new_gan(),
    "pggan_joint": lambda made: made._new_joint_pggan().new(),
    "pggan_maps": lambda made: made._chain().maker.new_pggan(),
    "spade": lambda made: made._chain().new_spade(),
    "pix2pix": lambda made: made._pix2pix().new_gan(),
    "pix2pixhd": lambda made: made._pix2pixhd().new_gan(),
}


@pytest.mark.parametrize("group", TRAINED)
def test_it_reaches_every_critic(subset, group):
    kind = "pggan_spade" if group in ("pggan_maps", "spade") else group
    made = Generator(replace(subset, settings=replace(subset.settings, gan=kind)))
    found = BUILD[group](made).augmentation
    assert found.adaptive and found.mirror
    assert found.colours == (0 if group == "pggan_maps" else 3)
    shown = 0.1 * made.images_shown  # in which the strength may rise by one
    if kind != "pggan_spade":
        assert 1 / float(found.pace) == pytest.approx(shown, rel=0.3)
    assert made.augments[group] == "adaptive"


def test_none_is_the_setting_of_all_profiles_and_others_are_refused():
    for profile in ("quick", "paper", "smoke"):
        assert all(getattr(settings_of(profile, []), group).augment == "none" for group in TRAINED)
    with pytest.raises(InputError, match=r"augment: expected one of none, diff, adaptive, found strong"):
        settings_of("smoke", ["spade.augment=strong"])


def test_one_option_sets_it_for_every_generator(tmp_path):
    """In the settings that a dry run prints, once for each group."""
    from tf_ganaug.commands.options import changes_of

    changes = changes_of({"gan_augment": "diff", "changes": []})
    settings = settings_of("smoke", changes)
    assert {getattr(settings, group).augment for group in TRAINED} == {"diff"}
    done = CliRunner().invoke(main, ["run", "--data", str(tmp_path), "--gan-augment", "strong"])
    assert done.exit_code == 2 and "'strong' is not one of 'none', 'diff', 'adaptive'" in done.output
