"""Whether several files seem to be of one person though nothing says so: else slices of one train and test."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tf_ganaug.data.description import Description
from tf_ganaug.data.judgement import FEWEST_SUBJECTS
from tf_ganaug.errors import InputError

#: Ends of stems that number the files of a subject: p01_0, TCGA_XX_NNNN_SSS, s1-slice12, scan_L.
_NUMBERED = re.compile(r"(.+)[_-](?:[A-Za-z]{0,5}\d+|[LR])")


def subjects_note(root: Path, described: Description, stems: Mapping[str, str]) -> str | None:
    """What names or a table suggest; None where the description or folders tell subjects apart, or nothing does.

    Args:
        root: the folder.
        described: its dataset.yaml.
        stems: stem of each pair of files to its subject.
    """
    if described.subject is not None or described.subjects is not None or in_folders(described, stems):
        return None
    table, pattern = subject_table(root, described, stems), subject_pattern(list(stems))
    if table:
        return f"{table} lists all files: if its second column is the subject, state 'subjects: {table}'"
    if pattern:
        subjects = f"{len(stems)} files may be of {pattern[1]} subjects"
        return f"{subjects}: check 'subject' in dataset.yaml, else slices of one person train and test"
    return None


def subject_pattern(stems: Sequence[str]) -> tuple[str, int] | None:
    """A pattern for `subject` in dataset.yaml and the number of subjects it makes.

    None unless every stem ends in a number of its own after at least three different beginnings, fewer than stems.
    """
    matches = [_NUMBERED.fullmatch(stem) for stem in stems]
    beginnings = {match[1] for match in matches if match}
    if not all(matches) or not FEWEST_SUBJECTS <= len(beginnings) < len(stems):
        return None
    return r"(.+)[_-][^_-]+$", len(beginnings)


def in_folders(described: Description, stems: Mapping[str, str]) -> bool:
    """Whether the folders that files lie in tell subjects apart."""
    return described.files is not None or any(stem != subject for stem, subject in stems.items())


def subject_table(root: Path, described: Description, stems: Mapping[str, str]) -> str | None:
    """A CSV file in the folder that lists every stem in its first column, with fewer subjects than stems."""
    for path in sorted(root.glob("*.csv")):
        try:
            listed_subjects = replace(described, subjects=path.name).with_subjects(root).listed
        except InputError:
            continue  # another kind of table
        subjects = {listed_subjects.get(stem) for stem in stems}
        if None not in subjects and len(subjects) < len(stems):
            return path.name
    return None
