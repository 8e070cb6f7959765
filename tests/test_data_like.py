"""Other data of a map are read as its own were: photos as small, windows as long; answers call them by their names."""

import numpy as np
import pytest
from PIL import Image

from ksom.default_setup import Experiment
from ksom.errors import ConfigError
from ksom.kohonensom_model import KohonenSOM
from ksom.part import held_out
from ksom.tasks.map_and_data import data_like, data_of, map_and_data
from ksom.tasks.predicting import predict_file

RNG = np.random.default_rng(0)


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "new"):
        (tmp_path / folder).mkdir()
        for name in ("b.png", "a.png"):
            Image.fromarray(RNG.integers(0, 256, (5, 5, 3)).astype(np.uint8)).save(tmp_path / folder / name)
    (tmp_path / "series.csv").write_text("load\n" + "\n".join(map(str, RNG.random(20))))
    return tmp_path


def trained(there, dataset):
    (there / "a.yaml").write_text(f"DATASET: {dataset}\nTRAINER: {{ITERATIONS: 2}}\n")
    experiment = Experiment(there / "a.yaml")
    som = experiment.run().som
    som.about_training["config"] = experiment.config
    som.save(there / "map.npz")
    return KohonenSOM.load(there / "map.npz")


PHOTOS, WINDOWS = "{NAME: Images, PATH: photos, SIZE: 2}", "{NAME: Windows, PATH: series.csv, LENGTH: 4}"


@pytest.mark.parametrize(
    ("dataset", "data", "samples"),
    [(PHOTOS, "new", 2), (PHOTOS, "new/a.png", 1), (PHOTOS, "new/*.png", 2), (WINDOWS, "series.csv", 5)],
)
def test_other_data_have_the_features_of_the_map(there, dataset, data, samples):
    som = trained(there, dataset)
    found = data_like(som, data)
    assert (len(found), found.features) == (samples, som.features)
    assert map_and_data("map.npz", data)[1].features == som.features


def test_an_experiment_is_read_as_it_says(there):
    som = trained(there, PHOTOS)
    assert data_like(som, "a.yaml").features == 12
    assert data_like(som, "ksom:exp1").features == 3


@pytest.mark.parametrize(
    ("dataset", "data", "first", "second"),
    [(PHOTOS, "new", "sample,", "a.png,"), (WINDOWS, "series.csv", "row,", "0,")],
)
def test_answers_call_samples_by_their_names(there, dataset, data, first, second):
    predict_file(trained(there, dataset), data, there / "out.csv")
    lines = (there / "out.csv").read_text().replace(chr(34), "").splitlines()
    assert lines[0].startswith(first)
    assert lines[1].startswith(second)


def test_windows_of_several_files_are_called_by_file_and_row(there):
    for name in ("x.npy", "y.npy"):
        np.save(there / "new" / name, RNG.random(8))
    windows = data_like(trained(there, WINDOWS), "new/*.npy")
    assert windows.names_of(np.array([0, 3])).tolist() == ["new/x.npy:0", "new/y.npy:4"]


def test_what_a_strangers_map_tells_of_its_data_imports_nothing(there):
    som = trained(there, PHOTOS)
    som.about_training["config"]["DATASET"] = {"NAME": "strange:Thing"}
    assert type(data_like(som, "new")) is type(data_of("new"))
    som.about_training["config"]["DATASET"] = {"NAME": "Images", "SIZES": 3}
    with pytest.raises(ConfigError, match=r"DATASET.SIZES: Images has no such key; did you mean 'SIZE'"):
        data_like(som, "new")


def test_a_part_knows_what_the_whole_knows_of_its_samples(there):
    data = data_of("photos")
    data.labels = np.array(["one", "two"])
    part, held = held_out(data, 0.5, seed=0)
    assert sorted([*part.labels, *held.labels]) == ["one", "two"]
    assert part.names_of(slice(None)) == data.names_of(part.index)
    assert part.place(0) == data.place(int(part.index[0]))
