// What the page knows of the map: the arrays of DATA decoded once, and what follows from them.

/** One value of every node, as one panel shows it. */
class Plane {
  constructor(told) {
    this.key = told.key;
    this.title = told.title;
    this.unit = told.unit;
    this.kind = told.kind;
    this.names = told.names || null;
    this.isCategorical = told.kind === "categorical";
    this.isFeature = told.key.startsWith("plane:");
    this.values = panelValues(told);
    if (!this.isCategorical) this.#measure();
  }

  #measure() {
    let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
    for (const value of this.values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
      count += 1;
    }
    this.mean = count ? sum / count : NaN;
    let squares = 0;
    for (const value of this.values) if (Number.isFinite(value)) squares += (value - this.mean) ** 2;
    this.spread = count ? Math.sqrt(squares / count) : NaN;
    [this.low, this.high] = count ? [low, high] : [NaN, NaN];
    if (this.kind === "count") this.low = Math.min(0, low);
  }

  /** Return where a value lies from the least, 0, to the greatest, 1; counts by their root, so that few are seen beside many. */
  share(value) {
    const reach = this.high - this.low;
    if (!(reach > 0)) return 0.5;
    const share = (value - this.low) / reach;
    return this.kind === "count" ? Math.sqrt(share) : share;
  }

  /** Return the value that lies there. */
  valueAt(share) {
    return this.low + (this.high - this.low) * (this.kind === "count" ? share * share : share);
  }

  /** Return a value as text; what is nothing beside the plane's range is 0. */
  told(value) {
    if (this.isCategorical) return value < 0 ? "none" : this.names[value];
    return told(Math.abs(value) < 1e-4 * Math.max(Math.abs(this.low), Math.abs(this.high)) ? 0 : value);
  }

  /** Return a node's value as text, with its unit. */
  toldOf(node) {
    const text = this.told(this.values[node]);
    return this.unit && text !== "–" ? `${text} ${this.unit}` : text;
  }
}

/** The map: its lattice, its planes, its rows. */
class SeenMap {
  constructor(data) {
    this.reduce = data.reduce || 1;
    this.fullWidth = data.lattice.width;
    this.lattice = new DrawnLattice(data.lattice, this.reduce);
    this.nodes = this.lattice.nodes;
    this.planes = data.panels.map((panel) => new Plane(panel));
    this.features = data.features || [];
    this.featurePlanes = this.planes.filter((plane) => plane.isFeature);
    this.others = this.planes.filter((plane) => !plane.isFeature);
    this.hits = this.planeNamed("hits");
    this.grouping = this.planeNamed("clusters");
    this.colours = data.colours ? this.#ofNodes(decoded(data.colours, Uint8Array), 3) : null;
    this.pies = data.pies
      ? {
          names: data.pies.names,
          counts: this.#ofNodes(decoded(data.pies.counts, Uint32Array), data.pies.names.length),
        }
      : null;
    this.pictures = data.pictures;
    this.prototypes = hasPictures(this) ? new Prototypes(this) : null;
    this.clusters = data.clusters;
    this.rows = data.rows ? new Rows(data.rows, this) : null;
  }

  planeNamed(key) {
    return this.planes.find((plane) => plane.key === key) || null;
  }

  /** Return the node that is drawn for one of the whole map. */
  drawnNode(node) {
    if (this.reduce === 1) return node;
    const row = Math.floor(Math.floor(node / this.fullWidth) / this.reduce);
    return row * this.lattice.width + Math.floor((node % this.fullWidth) / this.reduce);
  }

  /** Return what a node is called: its row and column in the whole map, from 0. */
  nameOf(node) {
    const row = Math.floor(node / this.lattice.width) * this.reduce;
    return `row ${row}, column ${(node % this.lattice.width) * this.reduce}`;
  }

  // Numbers that come for each node of the whole map: those of the nodes that are drawn.
  #ofNodes(numbers, each) {
    if (numbers.length === this.nodes * each) return numbers;
    const kept = new numbers.constructor(this.nodes * each);
    for (let node = 0; node < this.nodes; node += 1) {
      const row = Math.floor(node / this.lattice.width) * this.reduce;
      const from = (row * this.fullWidth + (node % this.lattice.width) * this.reduce) * each;
      kept.set(numbers.subarray(from, from + each), node * each);
    }
    return kept;
  }
}

/** Rows of the data by id, and which node each is nearest to. */
class Rows {
  constructor(told, map) {
    this.ids = told.ids.map(String);
    this.lower = this.ids.map((id) => id.toLowerCase());
    this.total = told.total;
    this.distances = decoded(told.distances, Float32Array);
    this.nodes = decoded(told.nodes, Int32Array).map((node) => map.drawnNode(node));
    this.ofNode = new Map();
    this.nodes.forEach((node, row) => {
      if (!this.ofNode.has(node)) this.ofNode.set(node, []);
      this.ofNode.get(node).push(row);
    });
    for (const rows of this.ofNode.values()) rows.sort((one, other) => this.distances[one] - this.distances[other]);
  }

  /** Return the rows whose id has the words in it, those that are exactly so, or begin so, first. */
  named(words) {
    const sought = words.trim().toLowerCase();
    if (!sought) return [];
    const rank = (id) => (id === sought ? 0 : id.startsWith(sought) ? 1 : 2);
    const found = [];
    this.lower.forEach((id, row) => {
      if (id.includes(sought)) found.push(row);
    });
    return found.sort((one, other) => rank(this.lower[one]) - rank(this.lower[other]) || one - other);
  }
}
