"""Nodes are drawn where they are, in their colours, on every lattice."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from ksom.errors import NotInstalled, ParameterError
from ksom.method.lattice import Hexagonal, Lattice, Rectangular
from ksom.pictures.plots.colours import AMOUNTS, DISTANCES, KINDS, NOTHING, OTHERS, ink_on, of_kinds, rgb
from ksom.pictures.plots.figure import SLIMMEST, new_figure, size_for
from ksom.pictures.plots.nodes import JOINED, MOST_OUTLINED, draw_nodes
from ksom.pictures.plots.texts import LONGEST, NO_GLYPH, shown, with_unit
from tests.baseline import pixels_of

LATTICES = [
    *(Rectangular(4, 5, wrap) for wrap in ("none", "rows", "columns", "both")),
    *(Hexagonal(4, 5, wrap) for wrap in ("none", "rows", "columns", "both")),
    Hexagonal(5, 3), Rectangular(1, 7, "columns"), Hexagonal(6, 1), Rectangular(1, 1), Hexagonal(1, 1),
]  # fmt: skip
MANY = [Rectangular(120, 90), Hexagonal(90, 120, "both")]
DPI = 200


def drawn(lattice: Lattice, values, **how):
    figure = new_figure(*size_for(lattice))
    ax = draw_nodes(lattice, values, ax=figure.subplots(), **how)
    return figure, ax


def at_nodes(figure, ax, lattice):
    """Return the pixel in the middle of every node, shape (K, 3)."""
    pixels = pixels_of(figure, DPI)
    columns, rows_up = (ax.transData.transform(lattice.positions()) * DPI / figure.dpi).T
    return pixels[(pixels.shape[0] - 1 - rows_up).round().astype(int), columns.round().astype(int)]


def test_the_lattices_are_many_enough_to_be_pixels():
    assert all(lattice.size > MOST_OUTLINED for lattice in MANY)


@pytest.mark.parametrize("lattice", [*LATTICES, *MANY], ids=repr)
def test_the_pixel_at_a_node_has_the_node_s_colour(lattice):
    colours = np.random.default_rng(0).integers(0, 256, (lattice.size, 3), dtype=np.uint8)
    if lattice in MANY:  # pixels are mixed where a node has but few
        colours = colours[np.arange(lattice.size) // 10 * 10]
        seen = np.abs(at_nodes(*drawn(lattice, colours), lattice).astype(int) - colours)
        assert np.median(seen) == 0
        assert (seen.max(axis=1) <= 3).mean() > 0.6
    else:
        np.testing.assert_allclose(at_nodes(*drawn(lattice, colours), lattice), colours, atol=1)


@pytest.mark.parametrize("lattice", LATTICES, ids=repr)
def test_the_pixel_at_a_node_has_the_colour_of_its_value(lattice):
    from matplotlib import colormaps

    values = np.random.default_rng(1).permutation(lattice.size).astype(float)
    expected = colormaps[AMOUNTS](values / max(1, lattice.size - 1), bytes=True)[:, :3]
    if lattice.size == 1:  # everybody's value is in the middle
        expected = colormaps[AMOUNTS]([0.5], bytes=True)[:, :3]
    np.testing.assert_allclose(at_nodes(*drawn(lattice, values), lattice), expected, atol=2)


@pytest.mark.parametrize("lattice", [Rectangular(4, 5), Hexagonal(4, 5, "both"), *MANY], ids=repr)
def test_the_first_node_is_above_and_left_of_the_last(lattice):
    values = np.zeros((lattice.size, 3))
    half = lattice.size // 2
    values[:half, 0], values[half:, 2] = 1, 1
    pixels = pixels_of(drawn(lattice, values)[0]).astype(int)
    red, blue = (np.argwhere(np.all(pixels == colour, axis=2)) for colour in ((255, 0, 0), (0, 0, 255)))
    assert red[:, 0].mean() < blue[:, 0].mean()
    _, ax = drawn(lattice, values)
    (x0, y0), (x1, y1) = ax.transData.transform(lattice.positions()[[0, lattice.size - 1]])
    assert (x0 < x1, y0 > y1) == (True, True)


@pytest.mark.parametrize(("lattice", "corners"), [(Rectangular(3, 4), 4), (Hexagonal(3, 4), 6)])
def test_a_node_has_the_shape_of_its_lattice(lattice, corners):
    _, ax = drawn(lattice, np.arange(12))
    assert {len(path.vertices) - 1 for path in ax.collections[0].get_paths()} == {corners}


@pytest.mark.parametrize("lattice", [Rectangular(3, 9), Rectangular(9, 3), Hexagonal(4, 5), *MANY], ids=repr)
def test_a_step_to_the_right_is_as_long_as_one_down(lattice):
    figure, ax = drawn(lattice, np.arange(lattice.size))
    figure.draw_without_rendering()
    origin, right, down = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert right[0] - origin[0] == pytest.approx(origin[1] - down[1])


@pytest.mark.parametrize("lattice", [Rectangular(1, 400), Rectangular(400, 1)], ids=repr)
def test_a_very_long_map_is_stretched_to_be_seen(lattice):
    figure, ax = drawn(lattice, np.arange(400))
    figure.draw_without_rendering()
    box = ax.get_window_extent()
    assert max(box.width, box.height) / min(box.width, box.height) == pytest.approx(SLIMMEST)


def remarks(ax):
    return [line for text in ax.texts if text.get_gid() == "notes" for line in text.get_text().split("\n")]


@pytest.mark.parametrize("kind", [Rectangular, Hexagonal])
@pytest.mark.parametrize(("wrap", "marks"), [("none", 0), ("rows", 2), ("columns", 2), ("both", 4)])
def test_wrapped_edges_are_marked_and_the_mark_is_explained(kind, wrap, marks):
    _, ax = drawn(kind(4, 4, wrap), np.arange(16))
    assert len([line for line in ax.lines if line.get_gid() == "joined"]) == marks
    assert remarks(ax) == ([JOINED[wrap]] if marks else [])


def test_a_value_that_is_not_there_is_grey_and_that_is_told():
    lattice = Hexagonal(3, 3)
    figure, ax = drawn(lattice, np.where(np.arange(9) == 4, np.nan, np.arange(9)), empty="grey: no sample")
    assert at_nodes(figure, ax, lattice)[4].tolist() == rgb(NOTHING).tolist()
    assert remarks(ax) == ["grey: no sample"]


def test_a_map_without_any_value_has_no_colour_bar():
    assert drawn(Hexagonal(3, 3), np.full(9, np.nan))[1].child_axes == []


@pytest.mark.parametrize("value", [0.0, -3.0, 5e20, 1e-300])
def test_the_colour_bar_of_a_constant_tells_the_one_value(value):
    figure, ax = drawn(Rectangular(2, 2), np.full(4, value))
    figure.draw_without_rendering()
    assert ax.child_axes[0].get_yticks().tolist() == [value]


@pytest.mark.parametrize(("lattice", "along"), [(Hexagonal(6, 6), "height"), (Rectangular(3, 30), "width")])
def test_the_colour_bar_is_as_long_as_the_map(lattice, along):
    figure, ax = drawn(lattice, np.arange(lattice.size), label="bill length [mm]")
    figure.draw_without_rendering()
    bar = ax.child_axes[0]
    assert getattr(bar.get_window_extent(), along) == pytest.approx(getattr(ax.get_window_extent(), along))
    assert (bar.get_ylabel() or bar.get_xlabel()) == "bill length [mm]"


@pytest.mark.parametrize("lattice", [Rectangular(3, 30, "both"), Rectangular(30, 3, "both"), Hexagonal(8, 8, "both")])
def test_nothing_is_cut_off_or_written_over_something_else(lattice):
    values = np.where(np.arange(lattice.size) == 0, np.nan, np.arange(lattice.size))
    figure, ax = drawn(lattice, values, title="title", label="a name [mm]", remarks=["one more remark"])
    figure.draw_without_rendering()
    written = [ax.title, *ax.texts, ax.child_axes[0].xaxis.label, ax.child_axes[0].yaxis.label]
    boxes = [text.get_window_extent() for text in written if text.get_text()]
    boxes += [ax.get_window_extent(), ax.child_axes[0].get_window_extent()]
    assert not [box for box in boxes if not figure.bbox.padded(1).contains(*box.min)]
    assert not [box for box in boxes if not figure.bbox.padded(1).contains(*box.max)]
    assert not [1 for i, box in enumerate(boxes) for other in boxes[:i] if box.overlaps(other)]


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_colours_may_be_bytes_or_shares(kind):
    colours = np.array([[255, 0, 51], [0, 102, 255]], np.uint8)
    given = colours if kind == np.uint8 else (colours / 255).astype(kind)
    figure, ax = drawn(Rectangular(1, 2), given.reshape(1, 2, 3))
    np.testing.assert_array_equal(at_nodes(figure, ax, Rectangular(1, 2)), colours)


@pytest.mark.parametrize("values", [np.arange(5), np.zeros((4, 2)), np.array(list("abcd")), np.zeros((2, 4, 3))])
def test_other_than_a_number_or_a_colour_for_each_node_is_refused(values):
    with pytest.raises(ParameterError, match=r"^values must hold a number or a colour for each of 2 × 2 nodes, got "):
        draw_nodes(Rectangular(2, 2), values, ax=Figure().subplots())


def test_without_axes_a_picture_gets_a_pyplot_figure():
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    ax = draw_nodes(Rectangular(2, 2), np.arange(4))
    assert plt.get_fignums() == [*before, ax.figure.number]
    plt.close(ax.figure)


@pytest.mark.parametrize("make", [lambda: new_figure(2, 2), lambda: draw_nodes(Rectangular(2, 2), np.arange(4))])
def test_without_matplotlib_one_line_says_what_to_install(monkeypatch, make):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled, match=r"^pictures are drawn by matplotlib, which is not installed: pip install"):
        make()


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
@pytest.mark.parametrize("lattice", [Hexagonal(4, 4, "both"), MANY[0]], ids=repr)
def test_a_picture_can_be_saved_as_lines_too(tmp_path, suffix, lattice):
    drawn(lattice, np.arange(lattice.size), title="title")[0].savefig(tmp_path / f"nodes.{suffix}")
    assert (tmp_path / f"nodes.{suffix}").stat().st_size > 1000


NAMES = {
    "$x$": "$x$", r"\$ $\frac{": r"\$ $\frac{", "100 % of_it^2": "100 % of_it^2", "'\"</script>": "'\"</script>",
    "🐧 penguin": f"{NO_GLYPH} penguin", "مرحبا": "مرحبا", "two\nlines": "two lines", "\x1b[31m": "\\x1b[31m",
    "x" * 200: "x" * (LONGEST - 1) + "…", "": "",
}  # fmt: skip


@pytest.mark.parametrize(("name", "seen"), NAMES.items())
def test_a_name_is_shown_as_the_text_that_it_is(name, seen):
    figure = Figure()
    text = figure.text(0.5, 0.5, shown(name))
    figure.savefig("/dev/null", format="png")
    is_formula = text._preprocess_math(text.get_text())
    assert is_formula == (seen, False)


@pytest.mark.parametrize(
    ("unit", "told"), [("mm", "n" * 34 + "… [mm]"), (None, "n" * 39 + "…"), ("$", "n" * 35 + r"… [\$]")]
)
def test_of_a_long_name_the_unit_is_still_told(unit, told):
    assert with_unit("n" * 200, unit) == told


LONG_WAVES, MEDIUM_WAVES = (
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
)
"""How colours look to whom the cones for these waves are missing, linear RGB (Machado et al., 2009)."""
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def lab(colours, seeing):
    shares = np.asarray(colours) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    x, y, z = ((linear @ np.transpose(seeing)).clip(0, 1) @ np.transpose(TO_XYZ) / [0.95047, 1, 1.08883]).T
    x, y, z = (np.where(v > 0.008856, np.cbrt(v), 7.787 * v + 16 / 116) for v in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("seeing", [np.eye(3), LONG_WAVES, MEDIUM_WAVES], ids=["all", "no long", "no medium"])
def test_no_two_kinds_look_alike_whoever_looks(seeing):
    seen = lab([*of_kinds(np.arange(len(KINDS))), rgb(NOTHING), rgb(OTHERS)], seeing)
    apart = np.linalg.norm(seen[:, np.newaxis] - seen, axis=2) + 1000 * np.eye(len(seen))
    assert apart.min() > 10  # 2.3 can just be told


@pytest.mark.parametrize("name", [AMOUNTS, DISTANCES])
def test_nothing_is_no_colour_of_an_amount(name):
    from matplotlib import colormaps

    table = lab(colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255, np.eye(3))
    assert np.linalg.norm(table - lab([rgb(NOTHING)], np.eye(3)), axis=1).min() > 20


def test_text_on_any_colour_has_enough_contrast():
    ground = np.random.default_rng(0).random((500, 3))

    def luminance(colours):
        return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4) @ [
            0.2126,
            0.7152,
            0.0722,
        ]

    ink = np.array([rgb(str(colour)) / 255 for colour in ink_on(ground)])
    light, dark = np.maximum(luminance(ground), luminance(ink)), np.minimum(luminance(ground), luminance(ink))
    assert ((light + 0.05) / (dark + 0.05)).min() > 4


def test_after_the_last_colour_the_first_comes_again_and_none_is_grey():
    assert of_kinds(np.array([0, len(KINDS), -1])).tolist() == [rgb(c).tolist() for c in (KINDS[0], KINDS[0], NOTHING)]
