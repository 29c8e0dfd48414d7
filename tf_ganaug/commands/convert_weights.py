"""Convert PyTorch's ImageNet weights into the files that settings name."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    "convert-weights",
    short_help="Convert PyTorch's ImageNet weights for a setting.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("kind", type=click.Choice(["vgg19", "resnet"]))
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@input_errors
def convert_weights(kind: str, source: Path, out: Path) -> None:
    """Convert the ImageNet weights SRC, a .pth file as it is downloaded, into the new file OUT.

    \b
    vgg19   torchvision's vgg19-dcbb9e9d.pth, to OUT.h5 for painter.vgg19 and spade.vgg19
    resnet  resnet50_v2.pth or resnet101_v2.pth of PSPNet's authors, to OUT.npz for segmenter.imagenet

    PyTorch is not needed, and nothing in SRC is run. Other files are taken as they are given out: style.vgg19 and
    Karki's segmenter.vgg16 are Keras' own.

    Exit status: 0 written; 2 something to mend, in one line, and nothing written.

    \b
    Example:
      tf-ganaug convert-weights vgg19 vgg19-dcbb9e9d.pth VGG19-TORCHVISION.h5
      tf-ganaug convert-weights resnet resnet50_v2.pth RESNET50.npz
    """
    from tf_ganaug.errors import InputError
    from tf_ganaug.gans.vgg19_file import convert_vgg19
    from tf_ganaug.models.resnet_file import convert_resnet

    if out.exists():
        raise InputError(out, "a new file", "one that exists", "choose another OUT")
    {"vgg19": convert_vgg19, "resnet": convert_resnet}[kind](source, out)
    click.echo(f"weights: {out}")
