// Tables with a column for each run.

/** Return a table: rows are [what, values, best]; `best` marks the values at these places. */
function tableOfRuns(names, rows) {
  const head = made("tr", {}, made("td"), ...names.map((name, place) =>
    made("th", { scope: "col" }, swatchOf(place), made("span", { class: "name", text: name, title: name }))));
  const body = rows.map(([what, values, best = []]) => made("tr", {}, what, ...values.map((value, place) =>
    made("td", { class: best.includes(place) ? "best" : null, title: value }, made("span", { text: value })))));
  return made("div", { class: "scrolled" }, made("table", { class: "of-runs" }, made("thead", {}, head), made("tbody", {}, ...body)));
}

function rowHead(text, more = null) {
  return made("th", { scope: "row", class: "text" }, made("span", { text }), more && made("span", { class: "hint more", text: more }));
}

/** Return what is known of the runs, and in what their configurations differ. */
function differencesSection(data, names) {
  const facts = data.facts.map(([what, values]) => [rowHead(what), values]);
  const keys = data.differences.map(([key, values]) => [rowHead(key), values.map((value) => (value === null ? "–" : value))]);
  return section("differences", "In what they differ", tableOfRuns(names, [...facts, ...keys]),
    keys.length ? null : made("p", { class: "hint", text: "The configurations are the same, or not known." }));
}

/** Return the quality, the best value of each measure marked. */
function comparedQuality(data, names) {
  if (!data.quality.length) return null;
  const rows = data.quality.map(({ name, values, better, definition }) =>
    [rowHead(nameOfCurve(name), definition), values.map(told), bestOf(values, better)]);
  return section("quality", "Quality", made("p", { class: "hint", text: `Measured with ${data.measured_on}; the best is marked.` }), tableOfRuns(names, rows));
}

function bestOf(values, better) {
  const known = values.filter((value) => value !== null);
  if (!better || known.length < 2) return [];
  const best = better === "less" ? Math.min(...known) : Math.max(...known);
  return known.every((value) => value === best) ? [] : values.flatMap((value, place) => (value === best ? [place] : []));
}

/** Return how well each two maps agree, as a table shaded by it. */
function agreementSection(agreement, names) {
  if (!agreement) return null;
  const body = agreement.shares.map((shares, row) => made("tr", {},
    made("th", { scope: "row", class: "text" }, swatchOf(row), made("span", { class: "name", text: names[row] })),
    ...shares.map((share, column) => (row === column ? made("td", { class: "self", text: "·" }) : shadedCell(share, agreement.chances[row][column])))));
  const head = made("tr", {}, made("td"), ...names.map((name, place) => made("th", { scope: "col" }, swatchOf(place), made("span", { class: "name", text: name }))));
  return section("agreement", "How well the maps agree",
    made("p", { class: "hint", text: "Of the pairs of rows that are neighbours on at least one of two maps, at the same node or at two next to each other, the share that are on both; below it, what chance alone would give." }),
    made("div", { class: "scrolled" }, made("table", { class: "of-runs" }, made("thead", {}, head), made("tbody", {}, ...body))));
}

function shadedCell(share, chance) {
  const cell = made("td", {}, made("span", { text: told(share) }), made("span", { class: "hint more", text: told(chance) }));
  cell.style.setProperty("--share", `${Math.round(55 * (share || 0))}%`);
  cell.className = "shaded";
  return cell;
}
