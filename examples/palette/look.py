"""Measure 16 colours of ksom beside those of Pillow and of k-means, and draw coffee_in_16.png."""

import numpy as np
from matplotlib import pyplot as plt
from PIL import Image
from sklearn.cluster import KMeans

NAMES = ("astronaut", "coffee", "chelsea")


def main() -> None:
    """Tell the errors, and draw."""
    for name in NAMES:
        photo = Image.open(f"{name}.png").convert("RGB")
        ways = {
            "ksom": Image.open(f"{name}_16.png").convert("RGB"),
            "k-means": by_kmeans(photo),
            "median cut": photo.quantize(16, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB"),
            "octree": photo.quantize(16, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB"),
        }
        titles = [f"{way}: {error(photo, few):.1f}" for way, few in ways.items()]
        print(f"{name:<11}{', '.join(titles)}")
        if name == "coffee":
            draw({"94,478 colours": photo, titles[0]: ways["ksom"], titles[2]: ways["median cut"]})


def by_kmeans(photo: Image.Image) -> Image.Image:
    """Return the photograph in the 16 colours that k-means finds, from one start."""
    pixels = np.asarray(photo)
    found = KMeans(16, n_init=1, random_state=0).fit(pixels.reshape(-1, 3))
    return Image.fromarray(np.rint(found.cluster_centers_).astype(np.uint8)[found.labels_].reshape(pixels.shape))


def error(photo: Image.Image, few: Image.Image) -> float:
    """Return the mean of squared differences over all pixels and channels."""
    return float(np.mean((np.float64(photo) - np.float64(few)) ** 2))


def draw(pictures: dict[str, Image.Image]) -> None:
    """Draw pictures in a row."""
    figure, axes = plt.subplots(1, len(pictures), figsize=(11, 2.9), layout="constrained")
    for place, (title, picture) in zip(axes, pictures.items(), strict=True):
        place.imshow(picture)
        place.set_title(title)
        place.set_axis_off()
    figure.savefig("coffee_in_16.png", dpi=62)


if __name__ == "__main__":
    main()
