// Runs side by side: in what they differ, how good they are, their maps, how well these agree, their curves.

/** Build the page of a comparison. */
function compare(data) {
  const names = data.runs.map((run) => run.name);
  const live = made("p", { class: "unseen", role: "status", "aria-live": "polite" });
  const maps = new ComparedMaps(data.runs, (words) => (live.textContent = words));
  const figures = data.curves.map((curve) => comparedCurves(curve, names)).filter(Boolean);
  const legend = made("ul", { class: "legend-of-runs" }, ...names.map((name, place) => made("li", {}, swatchOf(place), made("span", { class: "name", text: name }))));
  const paths = data.runs.map((run) => made("li", { text: run.path }));
  const notes = data.notes.map((text) => made("li", { text }));
  document.body.append(
    made("header", {}, made("h1", { text: data.title }), made("ul", { class: "facts" }, ...paths)),
    live,
    made("main", {},
      maps.element, comparedQuality(data, names), agreementSection(data.agreement, names), differencesSection(data, names),
      figures.length ? section("curves", "Training", legend, made("div", { class: "curves" }, ...figures)) : null,
      data.notes.length ? section("notes", "Not compared", made("ul", { class: "notes" }, ...notes)) : null));
}

compare(DATA);
