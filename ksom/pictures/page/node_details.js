// What is known of one node: numbers, features, classes, its prototype as a picture, the rows nearest to it.

const BARS_AT_MOST = 24;
const BARS_BESIDE_A_PICTURE = 8;
const ROWS_AT_MOST = 8;

/** The pane of the node that is looked at. */
class NodeDetails {
  constructor(map, choice) {
    this.map = map;
    this.heading = made("h3", { text: "No node chosen" });
    this.hint = made("p", {
      class: "hint",
      text: "Point at a node in any panel; click, tap or use the arrow keys to keep it. Drag to draw a line around a region, with shift a rectangle.",
    });
    this.numbers = map.others.map((plane) => ({ plane, value: made("dd", {}) }));
    this.picture = map.prototypes
      ? made("canvas", { class: "prototype", role: "img", "aria-label": "The node's prototype" })
      : null;
    this.pie = map.pies ? made("div", { class: "pie" }) : null;
    this.bars = new RangeBars(map, this.picture ? BARS_BESIDE_A_PICTURE : BARS_AT_MOST);
    this.rows = made("div", { class: "rows" });
    const list = this.numbers.flatMap(({ plane, value }) => [made("dt", { text: plane.title }), value]);
    this.body = made(
      "div",
      { class: "known", hidden: "" },
      made("dl", { class: "numbers" }, ...list),
      this.picture,
      this.pie,
      map.featurePlanes.length ? made("h4", { text: "Features, from the least to the greatest" }) : null,
      this.bars.element,
      this.bars.more,
      this.rows,
    );
    this.element = made("div", { class: "card node" }, this.heading, this.hint, this.body);
    this.node = NOWHERE;
    choice.whenChanged(() => this.show(choice.shown));
  }

  show(node) {
    if (node === this.node) return;
    this.node = node;
    this.body.hidden = node === NOWHERE;
    this.hint.hidden = node !== NOWHERE;
    this.heading.textContent = node === NOWHERE ? "No node chosen" : `Node in ${this.map.nameOf(node)}`;
    if (node === NOWHERE) return;
    for (const { plane, value } of this.numbers) value.textContent = plane.toldOf(node);
    this.bars.show(node);
    if (this.picture) this.map.prototypes.paint(this.picture, node);
    if (this.pie) this.pie.replaceChildren(...pieOf(this.map.pies, node));
    this.rows.replaceChildren(...this.#nearest(node));
  }

  #nearest(node) {
    const { rows } = this.map;
    if (!rows) return [];
    const own = rows.ofNode.get(node) || [];
    const heading = made("h4", { text: own.length ? `Nearest of ${counted(own.length, "row")}` : "Rows" });
    if (!own.length)
      return [
        heading,
        made("p", { class: "hint", text: "None of the rows that are in this page is nearest to this node." }),
      ];
    const items = own
      .slice(0, ROWS_AT_MOST)
      .map((row) =>
        made(
          "li",
          {},
          made("span", { class: "name", title: rows.ids[row], text: rows.ids[row] }),
          made("span", { class: "number", text: told(rows.distances[row]) }),
        ),
      );
    return [heading, made("ol", { class: "ids" }, ...items)];
  }
}

/** Return a pie of a node's samples by class, and its names with counts, the greatest first. */
function pieOf(pies, node) {
  const counts = [...countsOf(pies, node)];
  const total = sumOf(counts);
  if (!total) return [];
  const places = counts
    .map((_, place) => place)
    .filter((place) => counts[place])
    .sort((one, other) => counts[other] - counts[one]);
  const pie = drawn("svg", { viewBox: "-1 -1 2 2", class: "round", role: "img", "aria-label": "Samples by class" });
  let from = 0;
  for (const place of places) {
    const share = counts[place] / total;
    pie.append(pieceOf(from, share, cssOf(colourOfName(place))));
    from += share;
  }
  const items = places.slice(0, 6).map((place) => {
    const swatch = made("span", { class: "swatch" });
    swatch.style.background = cssOf(colourOfName(place));
    return made(
      "li",
      {},
      swatch,
      made("span", { class: "name", text: pies.names[place] }),
      made("span", { class: "number", text: told(counts[place]) }),
    );
  });
  return [
    pie,
    made(
      "ul",
      { class: "counts" },
      ...items,
      places.length > 6 ? made("li", { text: `and ${places.length - 6} more` }) : null,
    ),
  ];
}

function pieceOf(from, share, fill) {
  if (share > 0.9999) return drawn("circle", { r: 1, fill });
  const end = (part) =>
    [Math.sin(2 * Math.PI * part), -Math.cos(2 * Math.PI * part)].map((number) => number.toFixed(4)).join(" ");
  return drawn("path", { d: `M0 0L${end(from)}A1 1 0 ${share > 0.5 ? 1 : 0} 1 ${end(from + share)}Z`, fill });
}
