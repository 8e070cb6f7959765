// Bars of features: where a value lies in its range, and how far a region is from the rest.

/** Rows of feature, bar and value, made once and filled again for every node. */
class RangeBars {
  constructor(map, most) {
    this.map = map;
    this.most = most;
    this.isAll = false;
    this.element = made("div", { class: "bars" });
    this.more = made("button", { type: "button", class: "quiet", on: { click: () => this.#toggle() } });
    this.slots = [];
    this.node = NOWHERE;
    this.#grow();
  }

  get #count() {
    const all = this.map.featurePlanes.length;
    return this.isAll ? all : Math.min(all, this.most);
  }

  #toggle() {
    this.isAll = !this.isAll;
    this.#grow();
    this.show(this.node);
  }

  #grow() {
    const all = this.map.featurePlanes.length;
    this.slots = Array.from({ length: this.#count }, () => {
      const [name, dot, value] = [
        made("span", { class: "name" }),
        made("span", { class: "dot" }),
        made("span", { class: "number" }),
      ];
      return {
        name,
        dot,
        value,
        row: made(
          "div",
          { class: "row" },
          name,
          made("span", { class: "track" }, made("span", { class: "slide" }, dot)),
          value,
        ),
      };
    });
    this.element.replaceChildren(...this.slots.map((slot) => slot.row));
    this.more.hidden = all <= this.most;
    this.more.textContent = this.isAll ? `The ${this.most} least like the rest` : `All ${all} features`;
    this.isNamed = false;
  }

  /** Fill the rows with a node's values; if there are more features than rows, with those least like the rest of the map. */
  show(node) {
    this.node = node;
    const planes = this.#count < this.map.featurePlanes.length ? this.#strangest(node) : this.map.featurePlanes;
    this.slots.forEach((slot, place) => this.#fill(slot, planes[place], node));
    this.isNamed = planes === this.map.featurePlanes;
  }

  #strangest(node) {
    const strange = (plane) => Math.abs((plane.values[node] - plane.mean) / (plane.spread || 1)) || 0;
    const ranked = this.map.featurePlanes
      .map((plane) => [strange(plane), plane])
      .sort((one, other) => other[0] - one[0]);
    return ranked.slice(0, this.most).map(([, plane]) => plane);
  }

  #fill(slot, plane, node) {
    if (!this.isNamed) {
      slot.name.textContent = plane.title;
      slot.name.title = plane.title;
    }
    const value = plane.values[node];
    slot.value.textContent = plane.toldOf(node);
    const { low, high } = rangeOf(this.map, plane);
    const share = high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0.5;
    slot.dot.parentElement.style.transform = `translateX(${100 * share}%)`;
    slot.dot.hidden = !Number.isFinite(value);
  }
}

/** Return the range of a feature: the data's where it is known, else the map's. */
function rangeOf(map, plane) {
  const feature = map.features[Number(plane.key.slice("plane:".length))];
  const isKnown = feature && feature.low !== null && feature.high !== null;
  return isKnown ? feature : plane;
}

/** Return rows of feature, bar to the left or the right, and number; `traits` are {name, unit, value, score}, largest score first. */
function scoreBars(traits) {
  const greatest = Math.max(1, ...traits.map((trait) => Math.abs(trait.score)));
  const rows = traits.map(({ name, unit, value, score }) => {
    const bar = made("span", { class: `bar ${score < 0 ? "less" : "more"}` });
    bar.style.width = `${(50 * Math.abs(score)) / greatest}%`;
    return made(
      "div",
      { class: "row" },
      made("span", { class: "name", title: name, text: name }),
      made("span", { class: "track both", title: `${told(score)} spreads from the rest` }, bar),
      made("span", { class: "number", text: withUnit(value, unit) }),
    );
  });
  return made("div", { class: "bars scores" }, ...rows);
}
