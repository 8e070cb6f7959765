// The table of nodes: the same as the panels in numbers, for whoever reads rather than looks.

const PAGE_ROWS = 15;
const COLUMNS_AT_MOST = 60;

/** A sortable table, a page at a time. */
class NodeTable {
  constructor(map, choice) {
    this.map = map;
    this.choice = choice;
    const { width } = map.lattice;
    const planes = [...map.others, ...map.featurePlanes].slice(0, COLUMNS_AT_MOST);
    this.columns = [
      { title: "row", of: (node) => Math.floor(node / width) * map.reduce, told },
      { title: "column", of: (node) => (node % width) * map.reduce, told },
      ...planes.map((plane) => ({
        title: plane.unit ? `${plane.title}, ${plane.unit}` : plane.title,
        of: (node) => plane.values[node],
        told: (value) => (plane.isCategorical && value < 0 ? "" : plane.told(value)),
        isName: plane.isCategorical,
      })),
    ];
    this.hidden = map.planes.length - planes.length;
    this.by = { column: 0, isFalling: false };
    this.page = 0;
    this.isOfRegion = false;
    this.head = made("tr", {}, ...this.columns.map((column, place) => this.#heading(column, place)));
    this.body = made("tbody");
    this.where = made("span", { "aria-live": "polite" });
    this.back = made("button", { type: "button", text: "‹ Back", on: { click: () => this.#turn(-1) } });
    this.on = made("button", { type: "button", text: "On ›", on: { click: () => this.#turn(1) } });
    this.only = made("input", { type: "checkbox", id: "only-region", on: { change: () => this.#restrict() } });
    this.#sort();
    choice.whenChanged((_, changed) => {
      if (changed.has("region")) this.#restrict();
      else if (changed.has("node")) this.#fill();
    });
  }

  get element() {
    const table = made(
      "table",
      {},
      made("caption", { class: "unseen", text: "All nodes of the map, with everything that is known of them" }),
      made("thead", {}, this.head),
      this.body,
    );
    return section(
      "nodes",
      "Nodes",
      made(
        "div",
        { class: "pager" },
        this.back,
        this.on,
        this.where,
        made("label", { for: "only-region" }, this.only, " only the region's"),
      ),
      made("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Table of nodes" }, table),
      this.hidden > 0
        ? made("p", { class: "hint", text: `${counted(this.hidden, "more feature")} in the panels only.` })
        : null,
    );
  }

  #heading(column, place) {
    const button = made(
      "button",
      { type: "button", title: column.title, on: { click: () => this.#sortBy(place) } },
      made("span", { class: "name", text: column.title }),
      made("span", { class: "arrow", "aria-hidden": "true" }),
    );
    return made("th", { scope: "col", class: column.isName ? "text" : null }, button);
  }

  #sortBy(place) {
    this.by = {
      column: place,
      isFalling: this.by.column === place ? !this.by.isFalling : place > 1 && !this.columns[place].isName,
    };
    this.page = 0;
    this.#sort();
  }

  // Nodes without a value come last, whichever way it is sorted.
  #sort() {
    const column = this.columns[this.by.column];
    const { region } = this.choice;
    const nodes = [];
    for (let node = 0; node < this.map.nodes; node += 1)
      if (!this.isOfRegion || !region || region.mask[node]) nodes.push(node);
    const keys = Float64Array.from({ length: this.map.nodes }, (_, node) => {
      const value = column.of(node);
      return column.isName && value < 0 ? NaN : value;
    });
    const way = this.by.isFalling ? -1 : 1;
    nodes.sort((one, other) => {
      const [a, b] = [keys[one], keys[other]];
      if (a === b) return one - other;
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b) || one - other;
      return way * (a - b);
    });
    this.order = nodes;
    Array.from(this.head.children).forEach((heading, place) => {
      const isSorted = place === this.by.column;
      heading.setAttribute("aria-sort", isSorted ? (this.by.isFalling ? "descending" : "ascending") : "none");
      heading.querySelector(".arrow").textContent = isSorted ? (this.by.isFalling ? "↓" : "↑") : "";
    });
    this.#fill();
  }

  #restrict() {
    const isOfRegion = this.only.checked && Boolean(this.choice.region);
    if (isOfRegion || isOfRegion !== this.isOfRegion) {
      this.isOfRegion = isOfRegion;
      this.page = 0;
      this.#sort();
    }
  }

  #turn(by) {
    this.page += by;
    this.#fill();
  }

  #fill() {
    const from = this.page * PAGE_ROWS;
    const nodes = this.order.slice(from, from + PAGE_ROWS);
    this.body.replaceChildren(...nodes.map((node) => this.#row(node)));
    this.back.disabled = this.page === 0;
    this.on.disabled = from + PAGE_ROWS >= this.order.length;
    const count = this.order.length.toLocaleString("en");
    this.where.textContent = nodes.length ? `${from + 1}–${from + nodes.length} of ${count}` : `none of ${count}`;
  }

  #row(node) {
    const choose = () => this.choice.choose(node);
    const cells = this.columns.map((column, place) => {
      const text = column.told(column.of(node));
      if (place > 0)
        return made("td", { class: column.isName ? "text" : null, title: column.isName ? text : null, text });
      return made(
        "th",
        { scope: "row" },
        made("button", {
          type: "button",
          "aria-label": `Choose the node in ${this.map.nameOf(node)}`,
          text,
          on: { click: choose },
        }),
      );
    });
    return made(
      "tr",
      {
        class: node === this.choice.node ? "chosen" : null,
        on: { pointerenter: () => this.choice.hover(node), pointerleave: () => this.choice.hover(NOWHERE) },
      },
      ...cells,
    );
  }
}
