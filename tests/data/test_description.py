"""dataset.yaml files that cannot be used; those that can are read in test_folder.py."""

import pytest

from tf_ganaug.data.description import read_description
from tf_ganaug.errors import InputError

WRONG = {
    "'name'": ["name: [a]"],
    "'classes'": [
        "classes: [lung]",
        "classes: {one: lung}",
        "classes: {1: {colour: [1, 2, 3]}}",
        "classes: {1: {name: lung, colour: [1, 2, 300]}}",
        "classes: {0: nothing}",
    ],
    "'ignored'": ["ignored: 255", "{classes: {1: lung}, ignored: [1]}"],
    "'spacing'": ["spacing: [0.5]", "spacing: [0.5, -1]", "spacing: [0.5, wide]"],
    "'subject'": ["subject: a(", "subject: .*_"],
    "'splits'": ["splits: {train: [a]}", "splits: {train: a, validation: b, test: c}"],
    "'files'": ["files: FLAIR.nii.gz"],
    "'slice_axis'": ["slice_axis: 3"],
    "'keep_blank'": ["keep_blank: maybe"],
    "'leave_out'": ["leave_out: p_1"],
    "keys among name, classes, colours, ignored": ["colour: red"],
    "a YAML": ["name: a\nname", "just text"],
}


@pytest.mark.parametrize(("text", "found"), [(text, key) for key, texts in WRONG.items() for text in texts])
def test_wrong_description_names_file_and_key(tmp_path, text, found):
    path = tmp_path / "dataset.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_description(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: expected ")
    assert found in message
