// Which node each pixel of a panel shows: made once for each size, shared by all panels, and everything is looked up in it.

const NOWHERE = -1;

/** How a lattice is drawn; a reduced one (every so many rows and columns) as a rectangular one. */
class DrawnLattice {
  constructor(lattice, reduce) {
    const isHexagonal = lattice.name === "hexagonal";
    this.height = Math.ceil(lattice.height / reduce);
    this.width = Math.ceil(lattice.width / reduce);
    this.nodes = this.height * this.width;
    this.isHexagonal = isHexagonal && reduce === 1;
    this.rowHeight = isHexagonal ? Math.sqrt(0.75) : 1;
    this.shift = this.isHexagonal && this.height > 1 ? 0.5 : 0;
    this.reach = this.isHexagonal ? Math.sqrt(1 / 3) : this.rowHeight / 2; // how high a node's outline is above its middle
    this.wrapsRows = lattice.wrap === "rows" || lattice.wrap === "both";
    this.wrapsColumns = lattice.wrap === "columns" || lattice.wrap === "both";
    this.extent = [this.width + this.shift, (this.height - 1) * this.rowHeight + 2 * this.reach];
  }

  /** Return where a node's middle is, as shares of the picture's width and height. */
  middle(node) {
    const row = Math.floor(node / this.width);
    const x = (node % this.width) + 0.5 + this.shift * (row % 2);
    return [x / this.extent[0], (row * this.rowHeight + this.reach) / this.extent[1]];
  }

  /** Return the corners of a node's area, seen from its middle, as shares of the picture's width and height. */
  outline() {
    const up = this.isHexagonal ? this.reach / 2 : this.reach;
    const corners = [
      [-0.5, -up],
      [0.5, -up],
      [0.5, up],
      [-0.5, up],
    ];
    if (this.isHexagonal) {
      corners.splice(1, 0, [0, -this.reach]);
      corners.splice(4, 0, [0, this.reach]);
    }
    return corners.map(([x, y]) => [x / this.extent[0], y / this.extent[1]]);
  }

  /** Return the node so many rows and columns from another one, the other side's where the axis is wrapped. */
  step(node, down, right) {
    const row = moved(Math.floor(node / this.width), down, this.height, this.wrapsRows);
    return row * this.width + moved(node % this.width, right, this.width, this.wrapsColumns);
  }
}

function moved(place, by, length, isWrapped) {
  return isWrapped ? (((place + by) % length) + length) % length : Math.max(0, Math.min(length - 1, place + by));
}

/** The node of each pixel of a picture, and which pixels lie at a node's edge. */
class PixelNodes {
  constructor(lattice, width, height) {
    this.width = width;
    this.height = height;
    this.index = new Int32Array(width * height).fill(NOWHERE);
    const across = lattice.extent[0] / width;
    const down = lattice.extent[1] / height;
    for (let pixelRow = 0; pixelRow < height; pixelRow += 1) {
      const y = (pixelRow + 0.5) * down - lattice.reach;
      const row = Math.floor(y / lattice.rowHeight);
      if (lattice.isHexagonal) this.#fillHexagons(lattice, pixelRow, y, row, across);
      else
        this.#fillRow(
          lattice,
          pixelRow,
          Math.max(0, Math.min(lattice.height - 1, Math.round(y / lattice.rowHeight))),
          across,
        );
    }
    const isRoomy = width / lattice.extent[0] >= 12;
    this.edges = isRoomy ? this.borders((node) => node) : null;
  }

  #fillRow(lattice, pixelRow, row, across) {
    const start = pixelRow * this.width;
    for (let x = 0; x < this.width; x += 1) {
      this.index[start + x] = row * lattice.width + Math.min(lattice.width - 1, Math.floor((x + 0.5) * across));
    }
  }

  // The nearest of the nodes in the row above and the row below, within its outline, as `raster.py` does it.
  #fillHexagons(lattice, pixelRow, y, above, across) {
    const start = pixelRow * this.width;
    const slope = Math.sqrt(1 / 3);
    for (let pixel = 0; pixel < this.width; pixel += 1) {
      const x = (pixel + 0.5) * across - 0.5;
      let nearest = Infinity;
      for (let row = above; row <= above + 1; row += 1) {
        if (row < 0 || row >= lattice.height) continue;
        const shift = lattice.shift * (row % 2);
        const column = Math.round(x - shift);
        if (column < 0 || column >= lattice.width) continue;
        const right = Math.abs(x - shift - column);
        const below = Math.abs(y - row * lattice.rowHeight);
        const away = right * right + below * below;
        if (away < nearest && right <= 0.5 + 1e-9 && below <= slope * (1 - right) + 1e-9) {
          nearest = away;
          this.index[start + pixel] = row * lattice.width + column;
        }
      }
    }
  }

  /**
   * Return 1 for each pixel whose group is not that of the pixel to the right or below; `groupOf` is asked for each node.
   * What is beside the map is of the group `outside`; without one, there is no border to it.
   */
  borders(groupOf, outside = null) {
    const { width, height, index } = this;
    const found = new Uint8Array(index.length);
    const differ = (one, other) => {
      if (one === other || (outside === null && (one === NOWHERE || other === NOWHERE))) return false;
      return (one === NOWHERE ? outside : groupOf(one)) !== (other === NOWHERE ? outside : groupOf(other));
    };
    for (let row = 0, at = 0; row < height; row += 1) {
      for (let x = 0; x < width; x += 1, at += 1) {
        const node = index[at];
        const right = x + 1 < width ? index[at + 1] : node;
        const below = row + 1 < height ? index[at + width] : node;
        if (differ(node, right) || differ(node, below)) found[at] = 1;
      }
    }
    return found;
  }

  /** Return the node at a place, given as shares of the picture's width and height, or NOWHERE. */
  at(x, y) {
    const column = Math.min(this.width - 1, Math.max(0, Math.floor(x * this.width)));
    const row = Math.min(this.height - 1, Math.max(0, Math.floor(y * this.height)));
    return this.index[row * this.width + column];
  }
}
