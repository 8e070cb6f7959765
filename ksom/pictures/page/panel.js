// One map as one panel: a title with the value of the node that is looked at, the picture, and what its colours mean.

const LEAST_RING = 9; // CSS pixels: a ring around a small node is larger than the node

/** What can be seen in one panel: a plane, the colours of the map, or pies. */
class Panel {
  constructor(map, view, acts) {
    this.map = map;
    this.view = view;
    this.key = view.key;
    this.isLarge = false;
    this.size = null;
    this.base = made("canvas", {
      class: "base",
      role: "img",
      tabindex: "0",
      "aria-label":
        `${view.title}${view.unit ? `, ${view.unit}` : ""}: a map of ${map.lattice.height} rows and ${map.lattice.width} columns. ` +
        "Arrow keys choose a node, with shift a rectangle.",
    });
    this.over = made("canvas", { class: "over", "aria-hidden": "true" });
    this.rings = { stays: ringNamed("stays"), hovered: ringNamed("hovered") };
    const wraps = [map.lattice.wrapsRows && "wraps-rows", map.lattice.wrapsColumns && "wraps-columns"].filter(Boolean);
    this.picture = made(
      "div",
      { class: ["picture", ...wraps].join(" ") },
      this.base,
      this.over,
      this.rings.stays,
      this.rings.hovered,
    );
    this.picture.panel = this;
    this.value = made("span", { class: "value" });
    this.enlarge = made("button", {
      type: "button",
      class: "enlarge",
      "aria-pressed": "false",
      "aria-label": `Enlarge ${view.title}`,
      title: "Enlarge",
      text: "⤢",
      on: { click: () => acts.enlarge(this) },
    });
    this.marker = made("span", { class: "marker" });
    const unit = view.unit ? made("span", { class: "unit", text: view.unit }) : null;
    this.element = made(
      "figure",
      { class: "panel", "data-key": view.key },
      made(
        "figcaption",
        {},
        made("span", { class: "title", title: [view.title, view.unit].filter(Boolean).join(", ") }, view.title, unit),
        this.value,
        this.enlarge,
      ),
      this.picture,
      this.#meaning(acts),
    );
    this.element.panel = this;
    this.isInView = true;
  }

  #meaning(acts) {
    const { view } = this;
    if (view.key === "colours") return made("p", { class: "scale words", text: "as in the film" });
    if (view.key === "prototypes")
      return made("p", { class: "scale words", text: "each node as the picture that it stands for" });
    if (view.key === "pies") return legend(view.names, null);
    if (view.isCategorical) return legend(view.names, (place) => acts.chooseGroup(view, place));
    const ends = [0, 0.5, 1].map((share) => made("span", { text: view.told(view.valueAt(share)) }));
    const bar = made("div", { class: "bar" }, this.marker);
    bar.style.background = gradientOf(paletteOf(view));
    return made(
      "div",
      { class: "scale" },
      bar,
      made("div", { class: "ends" }, ...(view.high > view.low ? ends : [ends[0]])),
    );
  }

  /** Be the large one, or not. */
  enlarged(isLarge) {
    this.isLarge = isLarge;
    this.element.classList.toggle("large", isLarge);
    this.enlarge.setAttribute("aria-pressed", String(isLarge));
  }

  /** Take on a size, and paint in it. */
  resize(size) {
    this.size = size;
    for (const canvas of [this.base, this.over]) {
      canvas.width = size.nodes.width;
      canvas.height = size.nodes.height;
    }
    this.element.style.maxWidth = `${size.width}px`;
    this.picture.style.width = `${size.width}px`;
    this.picture.style.height = `${size.height}px`;
    for (const ring of Object.values(this.rings)) shapeRing(ring, this.map.lattice, size);
    this.#paint();
  }

  #paint() {
    const context = this.base.getContext("2d");
    const { view, size, map } = this;
    if (view.key === "pies") {
      if (size.cell < PIES_FROM) paintNodes(context, size.nodes, view.pixels);
      else {
        paintNodes(context, size.nodes, view.ground);
        paintPies(context, map, size);
      }
      return;
    }
    if (view.key === "prototypes") {
      map.prototypes.paintAll(context, size);
      return;
    }
    view.pixels = view.pixels || pixelsOfPlane(view);
    paintNodes(context, size.nodes, view.pixels);
    if (size.cell >= WORDS_FROM && (view.isCategorical || view.kind === "count")) paintWords(context, view, map, size);
  }

  /** Lay over it what is chosen. */
  layOver() {
    this.over.hidden = !this.size.isOver; // a canvas that is not there costs nothing in a frame
    if (!this.size.isOver) return;
    const context = this.over.getContext("2d");
    context.clearRect(0, 0, this.over.width, this.over.height);
    context.drawImage(this.size.over, 0, 0);
  }

  /** Put the rings where the nodes are, and tell the value of the one that is looked at. */
  show(choice) {
    this.#put(this.rings.stays, choice.node);
    this.#put(this.rings.hovered, choice.hovered);
    const { shown } = choice;
    if (!this.view.values) return;
    this.value.textContent = shown === NOWHERE ? "" : this.view.told(this.view.values[shown]);
    const share = shown === NOWHERE || this.view.isCategorical ? NaN : this.view.share(this.view.values[shown]);
    this.marker.style.transform = Number.isFinite(share)
      ? `translateX(${share * this.size.width}px)`
      : "translateX(-99px)";
  }

  #put(ring, node) {
    ring.style.display = node === NOWHERE ? "none" : "";
    if (node === NOWHERE) return;
    const [x, y] = this.map.lattice.middle(node);
    ring.style.transform = `translate(${x * this.size.width}px, ${y * this.size.height}px)`;
  }

  /** Return the node under a place, CSS pixels from the picture's corner. */
  nodeAt(x, y) {
    return this.size.nodes.at(x / this.size.width, y / this.size.height);
  }
}

function ringNamed(name) {
  return drawn(
    "svg",
    { class: `ring ${name}`, "aria-hidden": "true", style: "display: none" },
    drawn("polygon", { class: "halo" }),
    drawn("polygon", { class: "core" }),
  );
}

function shapeRing(ring, lattice, size) {
  const grown = Math.max(1, LEAST_RING / size.cell);
  const corners = lattice.outline().map(([x, y]) => `${x * size.width * grown},${y * size.height * grown}`);
  for (const shape of ring.children) shape.setAttribute("points", corners.join(" "));
}

/** Return a list of names with their colours; with an act, each of them is a button. */
function legend(names, act) {
  const items = names.map((name, place) => {
    const swatch = made("span", { class: "swatch" });
    swatch.style.background = cssOf(colourOfName(place));
    const inside = [swatch, made("span", { class: "name", text: name })];
    const whole = act
      ? made(
          "button",
          { type: "button", title: `Choose the nodes of ${name}`, on: { click: () => act(place) } },
          ...inside,
        )
      : made("span", {}, ...inside);
    return made("li", {}, whole);
  });
  return made("ul", { class: "legend" }, ...items);
}
