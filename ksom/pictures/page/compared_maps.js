// Maps next to each other, each laid over the first: a place that is chosen lights up in all, and so do its rows.

const MAP_SIDE = 250; // CSS pixels of a map's longer side
const FINE = 2; // canvas pixels in a CSS pixel

/** A map as it lies: its colours, and where the common rows are. */
class ComparedMap {
  constructor(told, place) {
    this.told = told;
    this.place = place;
    this.lattice = new DrawnLattice(told.lattice, told.reduce);
    this.pixels = pixelsOfColours(decoded(told.colours, Uint8Array));
    this.rows = told.rows ? decoded(told.rows, Int32Array).map((node) => this.#drawn(node)) : null;
    const [across, down] = this.lattice.extent;
    const scale = MAP_SIDE / Math.max(across, down);
    [this.width, this.height] = [Math.max(16, Math.round(across * scale)), Math.max(16, Math.round(down * scale))];
    this.nodes = new PixelNodes(this.lattice, this.width * FINE, this.height * FINE);
    this.canvas = made("canvas", { width: this.nodes.width, height: this.nodes.height, tabindex: "0", role: "img" });
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.aspectRatio = `${this.width} / ${this.height}`;
    this.words = made("p", { class: "hint" });
    this.element = made("figure", { class: "compared" },
      made("figcaption", {}, swatchOf(place), made("span", { class: "name", text: told.name })),
      this.canvas, made("p", { class: "hint", text: this.#how() }), this.words);
    this.show(null, null);
  }

  #drawn(node) {
    const { reduce, lattice } = this.told;
    if (reduce === 1) return node;
    const row = Math.floor(Math.floor(node / lattice.width) / reduce);
    return row * this.lattice.width + Math.floor((node % lattice.width) / reduce);
  }

  #how() {
    if (this.place === 0) return "the first: the others are laid over it";
    if (this.told.laid) return `laid over the first: ${this.told.laid}`;
    return this.told.is_comparable ? "as it is" : "another size or lattice: as it is";
  }

  /** Paint the map; mark a node, and rows by how many of them lie at each node. */
  show(node, rows) {
    const context = this.canvas.getContext("2d");
    paintNodes(context, this.nodes, this.pixels);
    const counts = new Map();
    for (const row of rows || []) counts.set(this.rows[row], (counts.get(this.rows[row]) || 0) + 1);
    const cell = this.nodes.width / this.lattice.extent[0];
    const most = Math.max(1, ...counts.values());
    for (const [at, count] of counts) this.#disc(context, at, Math.max(4, cell * 0.42 * Math.sqrt(count / most)));
    if (node !== null) this.#ring(context, node, Math.max(6, cell * 0.5));
    const where = node === null ? "" : `, row ${Math.floor(node / this.lattice.width)}, column ${node % this.lattice.width}`;
    this.canvas.setAttribute("aria-label", `map of ${this.told.name}${where}`);
  }

  #disc(context, node, radius) {
    for (const [reach, colour] of [[radius + 2, "#fff"], [radius, "#1b1f24"]]) this.#arc(context, node, reach, () => {
      context.fillStyle = colour;
      context.fill();
    });
  }

  #ring(context, node, radius) {
    for (const [thickness, colour] of [[7, "#fff"], [4, "#c2410c"]]) this.#arc(context, node, radius, () => {
      context.lineWidth = thickness;
      context.strokeStyle = colour;
      context.stroke();
    });
  }

  #arc(context, node, radius, paint) {
    const [x, y] = this.lattice.middle(node);
    context.beginPath();
    context.arc(x * this.nodes.width, y * this.nodes.height, radius, 0, 2 * Math.PI);
    paint();
  }
}

/** Maps next to each other, linked by places and by rows. */
class ComparedMaps {
  #chosen = null; // {map, node}

  constructor(runs, say) {
    this.maps = runs.map((told, place) => new ComparedMap(told, place));
    this.say = say;
    for (const map of this.maps) this.#listen(map);
    this.hasRows = this.maps.every((map) => map.rows);
    const hint = this.hasRows
      ? "Point at a node, or move with the arrow keys: its rows are shown in every map, as discs."
      : "Point at a node, or move with the arrow keys: the same place is shown in every map of this size.";
    this.element = section("maps", "Maps", made("p", { class: "hint", text: hint }),
      made("div", { class: "beside" }, ...this.maps.map((map) => map.element)));
  }

  #listen(map) {
    map.canvas.addEventListener("pointermove", (event) => {
      const node = map.nodes.at(event.offsetX / map.canvas.clientWidth, event.offsetY / map.canvas.clientHeight);
      this.choose(map, node === NOWHERE ? null : node);
    });
    map.canvas.addEventListener("pointerleave", () => this.choose(map, null));
    map.canvas.addEventListener("blur", () => this.choose(map, null));
    map.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const from = this.#chosen && this.#chosen.map === map ? this.#chosen.node : null;
      this.choose(map, from === null ? 0 : map.lattice.step(from, ...step));
    });
  }

  /** Show a node of a map, and in the others what belongs to it; null: nothing. */
  choose(map, node) {
    if (this.#chosen && this.#chosen.map === map && this.#chosen.node === node) return;
    this.#chosen = node === null ? null : { map, node };
    const rows = node === null || !this.hasRows ? null : rowsAt(map, node);
    for (const other of this.maps) {
      const isSame = other.lattice.nodes === map.lattice.nodes && other.told.is_comparable === map.told.is_comparable;
      other.show(node === null || (other !== map && !isSame) ? null : node, rows);
      other.words.textContent = rows && other !== map ? spreadOf(other, rows) : "";
    }
    map.words.textContent = rows ? counted(rows.length, "row") : "";
    if (node !== null) this.say(`${map.canvas.getAttribute("aria-label")}${rows ? `: ${counted(rows.length, "row")}` : ""}`);
  }
}

function rowsAt(map, node) {
  const found = [];
  map.rows.forEach((at, row) => {
    if (at === node) found.push(row);
  });
  return found;
}

function spreadOf(map, rows) {
  const nodes = new Set(rows.map((row) => map.rows[row])).size;
  return rows.length ? `on ${counted(nodes, "node")} here` : "";
}

/** Return a run's colour as a small square. */
function swatchOf(place) {
  const swatch = made("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = cssOf(colourOfName(place));
  return swatch;
}
