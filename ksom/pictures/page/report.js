// The report: everything there is to be seen of a map, linked.

/** Build the page of the report. */
function report(data) {
  const map = new SeenMap(data);
  const choice = new Choice(map);
  const live = made("p", { class: "live", role: "status", "aria-live": "polite" });
  const say = (words) => (live.textContent = words);
  const panels = new Panels(map, choice, say);
  const main = made("main", {}, made("h1", { text: data.title }), panels.element, live);
  document.body.append(main);
  panels.fit();
  new ResizeObserver(oncePerFrame(() => panels.fit())).observe(panels.element);
  return { map, choice, panels };
}
