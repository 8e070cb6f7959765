// All panels: which are shown, how large, and what the pointer and the keys do in them.

const SHOWN_AT_FIRST = 32;
const WIDTH_AT_FIRST = 220; // CSS pixels
const LARGE = 900;

/** The grid of panels. */
class Panels {
  /** `before`: panels of the same map when less was known, whose place these take; `signal`: when others take theirs. */
  constructor(map, choice, signal, before = null) {
    this.map = map;
    this.choice = choice;
    this.sizes = new PanelSizes(map);
    this.hasOutlines = before ? before.hasOutlines : false;
    this.wanted = before ? before.wanted : WIDTH_AT_FIRST;
    const acts = {
      enlarge: (panel) => this.enlarge(panel),
      chooseGroup: (view, place) => this.chooseGroup(view, place),
    };
    this.all = viewsOf(map).map((view) => new Panel(map, view, acts));
    this.shown = new Set(this.all.filter(({ view }) => !(map.prototypes && view.isFeature)).slice(0, SHOWN_AT_FIRST));
    if (before) this.#becomeLike(before);
    this.element = made("div", { class: "panels" });
    this.pointer = new PanelPointer(this);
    const sight = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        target.panel.isInView = isIntersecting;
        if (isIntersecting && target.panel.size) target.panel.show(choice);
      }
    });
    for (const panel of this.all) sight.observe(panel.element);
    choice.whenChanged((_, changed) => this.#follow(changed));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.layOver(), { signal });
  }

  // Panels that were not there before are shown.
  #becomeLike(before) {
    const old = new Map(before.all.map((panel) => [panel.key, panel]));
    this.shown = new Set(
      this.all.filter(({ key }) => (old.has(key) ? before.shown.has(old.get(key)) : this.all.length <= SHOWN_AT_FIRST)),
    );
    for (const panel of this.all) panel.enlarged(Boolean(old.get(panel.key)?.isLarge));
  }

  /** Put the panels that are shown into the page, as large as there is room for. */
  fit() {
    const room = this.element.clientWidth;
    if (!room) return;
    const gap = room < 600 ? 12 : 18;
    const columns = Math.max(room < 600 ? 2 : 1, Math.round(room / (this.wanted + gap)));
    const width = Math.floor((room - (columns - 1) * gap) / columns);
    const large = Math.min(room, LARGE);
    this.element.style.setProperty("--panel-width", `${width}px`);
    const list = this.all.filter((panel) => this.shown.has(panel));
    const order = [...list].sort((one, other) => other.isLarge - one.isLarge);
    if (
      order.length !== this.element.childElementCount ||
      order.some((panel, place) => this.element.children[place] !== panel.element)
    ) {
      this.element.replaceChildren(...order.map((panel) => panel.element));
    }
    for (const panel of order) {
      const size = this.sizes.of(panel.isLarge ? large : width);
      if (panel.size !== size) panel.resize(size);
    }
    this.sizes.keep([width, large]);
    this.layOver();
    order.forEach((panel) => panel.show(this.choice));
  }

  layOver() {
    this.sizes.paintOver(this.choice, this.hasOutlines);
    for (const panel of this.shown) if (panel.size) panel.layOver();
  }

  #follow(changed) {
    if (changed.has("region") || changed.has("found")) this.layOver();
    const isBrief = changed.size === 1 && changed.has("hovered");
    for (const panel of this.shown) if (panel.size && (panel.isInView || !isBrief)) panel.show(this.choice);
  }

  show(keys) {
    this.shown = new Set(this.all.filter((panel) => keys.has(panel.key)));
    this.fit();
  }

  enlarge(panel) {
    const isLarge = !panel.isLarge;
    for (const one of this.all) one.enlarged(one === panel && isLarge);
    this.fit();
    panel.enlarge.focus({ preventScroll: true });
    panel.element.scrollIntoView({ block: "nearest" });
  }

  chooseGroup(view, place) {
    const mask = maskOf(this.map.nodes, (node) => view.values[node] === place);
    this.choice.chooseRegion(mask, `${view.title}: ${view.names[place]}`, view.key === "clusters" ? place : null);
  }
}

/** Return what there is to be seen: prototypes, what is known of nodes, the map's colours, pies, then the features. */
function viewsOf(map) {
  const views = [...map.others];
  if (map.prototypes && map.nodes <= PICTURES_AT_MOST)
    views.unshift({ key: "prototypes", title: "Prototypes", unit: null });
  if (map.colours) views.push({ key: "colours", title: "Colours", unit: null, pixels: pixelsOfColours(map.colours) });
  if (map.pies) {
    const { names } = map.pies;
    const most = maskOf(map.nodes, () => true).map((_, node) => mostOf(countsOf(map.pies, node)));
    const colours = names.map((_, place) => pixelOf(...colourOfName(place)));
    views.push({
      key: "pies",
      title: "Classes",
      unit: null,
      names,
      pixels: Uint32Array.from(most, (place) => (place === 255 ? NOTHING : colours[place])),
      ground: new Uint32Array(map.nodes).fill(NOTHING),
    });
  }
  return [...views, ...map.featurePlanes];
}

/** Return the place of the greatest count, 255 if all are 0. */
function mostOf(counts) {
  const greatest = counts.reduce((one, other) => Math.max(one, other), 0);
  return greatest ? counts.indexOf(greatest) : 255;
}
