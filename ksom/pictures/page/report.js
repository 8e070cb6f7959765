// The report: everything there is to be seen of a map, linked.

/** Build the page of the report; anew, it takes over what was chosen in the one before, whose elements are gone. */
function report(data) {
  const before = report.shown;
  if (before) before.ends.abort();
  const ends = new AbortController();
  const map = new SeenMap(data);
  const choice = new Choice(map);
  const live = made("p", { class: "live", role: "status", "aria-live": "polite" });
  const say = (words) => (live.textContent = words);
  const panels = new Panels(map, choice, ends.signal, before ? before.panels : null);
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
  clearOnEscape(choice, search, ends.signal);
  matchMedia("print").addEventListener("change", () => panels.fit(), { signal: ends.signal }); // its ground is white
  if (before && before.map.nodes === map.nodes) choice.takeOver(before.choice);
  report.shown = { map, choice, panels, ends };
  return report.shown;
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

function clearOnEscape(choice, search, signal) {
  const clear = (event) => {
    if (event.key !== "Escape") return;
    for (const list of document.querySelectorAll(".chooser[open]")) list.open = false;
    if (search) search.empty();
    choice.clear();
  };
  document.addEventListener("keydown", clear, { signal });
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
