// The same number of several trainings, one curve over the other.

const DASHES = ["none", "7 3", "2 3", "9 3 2 3"]; // beyond eight colours the dashes tell curves apart, too

/** Return a figure of one number: {name, runs: [{iterations, values} or null]}, or null if no run has a value. */
function comparedCurves({ name, runs }, names) {
  const known = runs.map((run) => run && { ...run, points: pointsOf(run) }).map((run) => (run && run.points.length ? run : null));
  const points = known.flatMap((run) => (run ? run.points : []));
  if (!points.length) return null;
  const across = axisOf(points.map(([at]) => at), CURVE.left, CURVE.width - CURVE.right);
  const up = axisOf(points.map(([, value]) => value), CURVE.height - CURVE.bottom, CURVE.top, true);
  const lines = known.map((run, place) => run && lineOfRun(run, place, names[place], across, up)).filter(Boolean);
  const ends = known.map((run, place) => run && `${names[place]} ${told(run.points.at(-1)[1])}`).filter(Boolean);
  const own = known.filter(Boolean).map((run) => run.points.join());
  const atRest = own.length > 1 && own.every((line) => line === own[0]) ? "the same in all" : "";
  const value = made("span", { class: "value", text: atRest });
  const picture = drawn("svg", {
    viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, role: "img", "aria-label": `${nameOfCurve(name)} at the end: ${ends.join(", ")}`,
  }, ...gridOf(across, up), ...lines);
  picture.addEventListener("pointermove", (event) => {
    const at = across.value((event.offsetX / picture.clientWidth) * CURVE.width);
    const nearest = known.map((run) => run && run.points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best)));
    value.textContent = nearest.map((point) => (point ? told(point[1]) : "–")).slice(0, 6).join(" · ");
  });
  picture.addEventListener("pointerleave", () => (value.textContent = atRest));
  return made("figure", { class: "curve-of" }, made("figcaption", {}, made("span", { class: "title", text: nameOfCurve(name) }), value), picture);
}

function pointsOf(run) {
  return run.iterations.map((at, place) => [at, run.values[place]]).filter(([, value]) => value !== null);
}

function lineOfRun(run, place, name, across, up) {
  const line = drawn("path", { class: "curve", d: lineOf(run, across, up) }, drawn("title", { text: name }));
  line.style.stroke = cssOf(colourOfName(place));
  line.style.strokeDasharray = DASHES[Math.floor(place / 8) % DASHES.length];
  return line;
}
