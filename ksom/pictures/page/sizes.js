// Sizes of panels: the pixel map of each, and the picture that lies over all panels of that size, both made once and shared.

const LEAST_HEIGHT = 26; // CSS pixels, of a chain
const FINEST = 2; // canvas pixels in a CSS pixel: edges between nodes are smooth on any screen

/** A panel's size: its pixel map, and what lies over every panel of this size. */
class PanelSize {
  constructor(map, width) {
    const { lattice } = map;
    const shape = lattice.extent[1] / lattice.extent[0];
    this.width = Math.min(width, Math.max(LEAST_HEIGHT, Math.round((1.6 * width) / shape))); // of a tall map: less
    this.height = Math.max(LEAST_HEIGHT, Math.round(this.width * shape));
    this.cell = Math.min(this.width / lattice.extent[0], this.height / lattice.height);
    this.scale = this.cell < 1.5 ? 1 : FINEST;
    this.nodes = new PixelNodes(lattice, this.width * this.scale, this.height * this.scale);
    this.map = map;
    this.over = made("canvas", { width: this.nodes.width, height: this.nodes.height });
    this.isOver = false;
  }

  /** Paint what is chosen: a veil over all but the region, the region's line, clusters' lines, marks on what was found. */
  paintOver(choice, hasOutlines) {
    const context = this.over.getContext("2d");
    const { region, found } = choice;
    const grouping = hasOutlines ? this.map.grouping : null;
    this.isOver = Boolean(region || found || grouping);
    context.clearRect(0, 0, this.over.width, this.over.height);
    if (!this.isOver) return;
    const image = context.createImageData(this.over.width, this.over.height);
    const out = new Uint32Array(image.data.buffer);
    if (region) this.#veil(out, region.mask);
    if (grouping)
      this.#outline(
        out,
        this.nodes.borders((node) => grouping.values[node]),
        1,
      );
    if (region)
      this.#outline(
        out,
        this.nodes.borders((node) => region.mask[node], 0),
        this.scale,
      );
    context.putImageData(image, 0, 0);
    if (found) this.#mark(context, found);
  }

  #veil(out, mask) {
    const paper = isDark() ? pixelOf(20, 23, 27, 185) : pixelOf(255, 255, 255, 185);
    const { index } = this.nodes;
    for (let at = 0; at < index.length; at += 1) if (index[at] !== NOWHERE && !mask[index[at]]) out[at] = paper;
  }

  // A black line in a white one is seen on every colour.
  #outline(out, borders, thickness) {
    this.#thicken(out, borders, thickness + 1, pixelOf(255, 255, 255));
    this.#thicken(out, borders, thickness - 1, pixelOf(0, 0, 0));
  }

  #thicken(out, borders, reach, pixel) {
    const { width, height } = this.nodes;
    for (let row = 0, at = 0; row < height; row += 1) {
      for (let x = 0; x < width; x += 1, at += 1) {
        if (!borders[at]) continue;
        for (let below = Math.max(0, row - reach); below <= Math.min(height - 1, row + reach); below += 1) {
          out.fill(pixel, below * width + Math.max(0, x - reach), below * width + Math.min(width - 1, x + reach) + 1);
        }
      }
    }
  }

  #mark(context, found) {
    const radius = Math.max(2.2, Math.min(7, 0.22 * this.cell)) * this.scale;
    for (const [reach, colour] of [
      [radius + 1.2 * this.scale, "#fff"],
      [radius, "#c2410c"],
    ]) {
      context.fillStyle = colour;
      context.beginPath();
      found.forEach((is, node) => {
        if (!is) return;
        const [x, y] = placeOf(this.map.lattice.middle(node), this);
        context.moveTo(x + reach, y);
        context.arc(x, y, reach, 0, 2 * Math.PI);
      });
      context.fill();
    }
  }
}

/** Return whether the page is dark. */
function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
}

/** The sizes that are in use, by width. */
class PanelSizes {
  #sizes = new Map();

  constructor(map) {
    this.map = map;
  }

  of(width) {
    if (!this.#sizes.has(width)) this.#sizes.set(width, new PanelSize(this.map, width));
    return this.#sizes.get(width);
  }

  /** Forget all but these widths. */
  keep(widths) {
    for (const width of this.#sizes.keys()) if (!widths.includes(width)) this.#sizes.delete(width);
  }

  paintOver(choice, hasOutlines) {
    for (const size of this.#sizes.values()) size.paintOver(choice, hasOutlines);
  }
}
