// Prototypes that are pictures: digits as digits, photos as thumbnails.

const PICTURES_AT_MOST = 10000; // nodes of a panel that shows them all

/** Return whether each feature is a part of a pixel, and all of them are there. */
function hasPictures(map) {
  const { pictures } = map;
  return Boolean(pictures) && map.featurePlanes.length === pictures.height * pictures.width * pictures.channels;
}

/** The nodes' weights as pictures: grey or red, green and blue, from the least to the greatest of all features. */
class Prototypes {
  constructor(map) {
    this.map = map;
    const ranges = map.featurePlanes.map((plane) => rangeOf(map, plane));
    this.low = ranges.reduce((least, range) => Math.min(least, range.low), Infinity);
    this.high = ranges.reduce((greatest, range) => Math.max(greatest, range.high), -Infinity);
  }

  /** Fill an image with a node's picture, its corner at a place. */
  fill(image, node, left, top) {
    const { height, width, channels } = this.map.pictures;
    const planes = this.map.featurePlanes;
    const scale = 255 / (this.high - this.low || 1);
    for (let pixel = 0; pixel < height * width; pixel += 1) {
      const at = 4 * ((top + Math.floor(pixel / width)) * image.width + left + (pixel % width));
      for (let part = 0; part < 3; part += 1) {
        image.data[at + part] = (planes[pixel * channels + (channels >= 3 ? part : 0)].values[node] - this.low) * scale;
      }
      image.data[at + 3] = 255;
    }
  }

  /** Paint one node's picture into a canvas of its size. */
  paint(canvas, node) {
    const { height, width } = this.map.pictures;
    canvas.width = width;
    canvas.height = height;
    canvas.style.aspectRatio = `${width} / ${height}`;
    const image = new ImageData(width, height);
    this.fill(image, node, 0, 0);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Paint all pictures where their nodes are. */
  paintAll(context, size) {
    const { map } = this;
    const { height, width } = map.pictures;
    this.all = this.all || this.#side();
    const room = size.cell * size.scale * (map.lattice.isHexagonal ? 0.8 : 0.96);
    const zoom = room / Math.max(height, width);
    context.imageSmoothingEnabled = zoom < 1;
    for (let node = 0; node < map.nodes; node += 1) {
      const [x, y] = placeOf(map.lattice.middle(node), size);
      const from = [(node % map.lattice.width) * width, Math.floor(node / map.lattice.width) * height];
      context.drawImage(
        this.all,
        ...from,
        width,
        height,
        x - (zoom * width) / 2,
        y - (zoom * height) / 2,
        zoom * width,
        zoom * height,
      );
    }
  }

  // All pictures side by side, to be copied from.
  #side() {
    const { map } = this;
    const { height, width } = map.pictures;
    const image = new ImageData(map.lattice.width * width, map.lattice.height * height);
    for (let node = 0; node < map.nodes; node += 1) {
      this.fill(image, node, (node % map.lattice.width) * width, Math.floor(node / map.lattice.width) * height);
    }
    const canvas = made("canvas", { width: image.width, height: image.height });
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }
}
