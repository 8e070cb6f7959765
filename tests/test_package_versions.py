"""Versions of packages are those that Python's own way tells."""

import sys
from importlib.metadata import distributions

from ksom.package_versions import package_version


def test_every_package_here_has_the_version_that_importlib_tells() -> None:
    told = {one.metadata["Name"]: one.version for one in reversed(list(distributions()))}  # the first of a name counts
    assert {name: package_version(name) for name in told} == told


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert package_version("no-such-package") is None


def test_a_package_is_found_however_its_name_is_written(tmp_path, monkeypatch) -> None:
    (tmp_path / "two_words.egg-info").mkdir()
    (tmp_path / "two_words.egg-info" / "PKG-INFO").write_text("Name: Two.Words\nVersion: 1.2\n\nVersion: 3 is better\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert package_version("Two-Words") == "1.2"


def test_a_version_is_told_in_the_header_only(tmp_path, monkeypatch) -> None:
    (tmp_path / "headless-9.dist-info").mkdir()
    (tmp_path / "headless-9.dist-info" / "METADATA").write_text("Name: headless\n\nVersion: 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert package_version("headless") is None


def test_a_zip_file_among_the_places_is_looked_into_as_well(tmp_path, monkeypatch) -> None:
    from zipfile import ZipFile

    with ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.writestr("in_a_zip-4.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: in_a_zip\nVersion: 4.5\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "packed.zip")])
    assert package_version("in-a-zip") == "4.5"
