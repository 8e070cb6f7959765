// The report: everything there is to be seen of a map, linked.

/** Build the page of the report. */
function report(data) {
  const map = new SeenMap(data);
  const choice = new Choice(map);
  const live = made("p", { class: "live", role: "status", "aria-live": "polite" });
  const say = (words) => (live.textContent = words);
  const panels = new Panels(map, choice);
  const search = map.rows && map.rows.ids.length ? new RowSearch(map, choice, say) : null;
  const details = made(
    "aside",
    { id: "chosen", class: "details", "aria-label": "What is chosen" },
    new RegionDetails(map, choice).element,
    new NodeDetails(map, choice).element,
    filmCard(data.film),
  );
  const linked = section(
    "map",
    "Map",
    toolbar(map, panels, choice, search),
    made("div", { class: "status" }, live, made("a", { href: "#chosen", text: "Details" })),
    made("div", { class: "linked" }, panels.element, details),
  );
  document.body.append(
    heading(data, map),
    made(
      "main",
      {},
      wordsSection(data.words),
      linked,
      clustersSection(map, panels),
      qualitySection(data.quality),
      curvesSection(data.curves),
      new NodeTable(map, choice).element,
      provenanceSection(data, say),
    ),
  );
  panels.fit();
  new ResizeObserver(oncePerFrame(() => panels.fit())).observe(panels.element);
  choice.whenChanged((_, changed) => announce(map, choice, changed, say));
  clearOnEscape(choice, search);
  openForPrint(panels);
  return { map, choice, panels };
}

/** Tell what was chosen to whoever cannot see it. */
function announce(map, choice, changed, say) {
  if (changed.has("region") && choice.region) {
    say(`${choice.region.name}: ${sizeOfRegion(map, choice.region)}`);
  } else if (changed.has("node") && choice.node !== NOWHERE) {
    const known = map.others.map((plane) => `${plane.title} ${plane.toldOf(choice.node)}`);
    say([`Node in ${map.nameOf(choice.node)}`, ...known].join(" · "));
  } else if (changed.has("node") || changed.has("region")) {
    if (!choice.found) say("");
  }
}

function clearOnEscape(choice, search) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (search) search.empty();
    choice.clear();
  });
}

/** On paper the panels are as large as there is room for there, and its ground is white. */
function openForPrint(panels) {
  matchMedia("print").addEventListener("change", () => panels.fit());
}

function filmCard(film) {
  if (!film || !film.frames.length) return null;
  const place = made("div");
  filmPlayer(place, film);
  return made(
    "section",
    { class: "card", "aria-labelledby": "film-heading" },
    made("h3", { id: "film-heading", text: "Film of the training" }),
    place,
  );
}
