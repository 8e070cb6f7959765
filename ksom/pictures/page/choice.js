// What is chosen: the node under the pointer, the node that stays, a region, and nodes that a search found.

/** The one state of the page; whoever wants to know of changes says so. */
class Choice {
  #listeners = [];
  #announce;

  constructor(map) {
    this.map = map;
    this.hovered = NOWHERE;
    this.node = NOWHERE;
    this.region = null; // {name, mask: Uint8Array of nodes, count, cluster: index or null}
    this.found = null; // Uint8Array of nodes
    this.corner = NOWHERE; // where a rectangle made with the keyboard begins
    this.changed = new Set();
    this.#announce = oncePerFrame(() => this.#tell());
  }

  /** Call `act(choice, changed)` before the next frame after a change; `changed` names it: hovered, node, region, found. */
  whenChanged(act) {
    this.#listeners.push(act);
  }

  /** Return the node to tell of: the one under the pointer, or else the one that stays, or NOWHERE. */
  get shown() {
    return this.hovered === NOWHERE ? this.node : this.hovered;
  }

  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.#change("hovered");
  }

  choose(node) {
    this.node = node;
    this.hovered = NOWHERE;
    this.corner = node;
    this.#change("node");
  }

  /** Move the node that stays, from the middle of the map if there is none; extending, a rectangle grows from where it was. */
  step(down, right, isExtending) {
    const { lattice } = this.map;
    const middle = Math.floor(lattice.height / 2) * lattice.width + Math.floor(lattice.width / 2);
    const next = this.node === NOWHERE ? middle : lattice.step(this.node, down, right);
    const corner = this.corner === NOWHERE ? next : this.corner;
    this.choose(next);
    if (!isExtending) return;
    this.corner = corner;
    this.chooseRegion(nodesBetween(lattice, corner, next), "Rectangle");
  }

  chooseRegion(mask, name, cluster = null) {
    const count = mask.reduce((sum, is) => sum + is, 0);
    this.region = count ? { mask, name, count, cluster } : null;
    this.#change("region");
  }

  mark(mask) {
    this.found = mask;
    this.#change("found");
  }

  /** Choose what was chosen in another map of as many nodes. */
  takeOver(before) {
    this.node = before.node;
    this.corner = before.corner;
    this.region = before.region && { ...before.region, cluster: null }; // whose profile may be another one now
    ["node", "region"].forEach((what) => this.#change(what));
  }

  clear() {
    this.node = this.hovered = this.corner = NOWHERE;
    this.region = this.found = null;
    ["node", "region", "found"].forEach((what) => this.#change(what));
  }

  #change(what) {
    this.changed.add(what);
    this.#announce();
  }

  #tell() {
    const { changed } = this;
    this.changed = new Set();
    for (const act of this.#listeners) act(this, changed);
  }
}

/** Return the nodes of the rectangle of rows and columns with two nodes as corners, 1 for each, shape (K,). */
function nodesBetween(lattice, one, other) {
  const [rows, columns] = [one, other].reduce(
    ([down, right], node) => [
      [...down, Math.floor(node / lattice.width)],
      [...right, node % lattice.width],
    ],
    [[], []],
  );
  return maskOf(lattice.nodes, (node) => {
    const row = Math.floor(node / lattice.width);
    const column = node % lattice.width;
    return (
      row >= Math.min(...rows) &&
      row <= Math.max(...rows) &&
      column >= Math.min(...columns) &&
      column <= Math.max(...columns)
    );
  });
}

/** Return 1 for each node for which it holds, shape (K,). */
function maskOf(nodes, holds) {
  const mask = new Uint8Array(nodes);
  for (let node = 0; node < nodes; node += 1) if (holds(node)) mask[node] = 1;
  return mask;
}

/** Return the nodes whose middles lie inside a line, given as [x, y] in shares of the picture's width and height. */
function nodesInside(lattice, line) {
  return maskOf(lattice.nodes, (node) => {
    const [x, y] = lattice.middle(node);
    let isInside = false;
    for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
      const [[x0, y0], [x1, y1]] = [line[i], line[j]];
      if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) isInside = !isInside;
    }
    return isInside;
  });
}
