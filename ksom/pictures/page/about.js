// What is told in words: what the map is, what is wrong with it, its quality, where it comes from.

/** Return the heading of the page: the title, what kind of map it is, and the two numbers people ask for. */
function heading(data, map) {
  const { height, width, name, wrap } = data.lattice;
  if (data.about)
    return made(
      "header",
      {},
      made("h1", { text: data.title }),
      made("p", { class: "about", text: data.about }),
      path(data),
    );
  const closed = { none: "", rows: ", rows wrapped", columns: ", columns wrapped", both: ", a torus" }[wrap];
  const facts = [
    `${height} × ${width} nodes, ${name}${closed}`,
    data.features ? counted(data.features.length, "feature") : null,
    data.rows ? counted(data.rows.total, "row") : null,
    map.reduce > 1 ? `one node of ${map.reduce} × ${map.reduce} shown` : null,
    data.status,
  ];
  return made(
    "header",
    {},
    made("h1", { text: data.title }),
    made("ul", { class: "facts" }, ...facts.filter(Boolean).map((text) => made("li", { text }))),
    path(data),
  );
}

function path(data) {
  return data.path ? made("p", { class: "path", text: data.path }) : null;
}

/** Return what a diagnosis says, each with its evidence and what to do. */
function wordsSection(words) {
  if (!words || !words.length) return null;
  const items = words.map(({ what, evidence, advice }) => {
    const isWell = what === "healthy" || what.startsWith("nothing found");
    return made(
      "li",
      { class: isWell ? "well" : "look" },
      made("span", { class: "sign", "aria-hidden": "true", text: isWell ? "✓" : "!" }),
      made("div", {}, made("strong", { text: what }), made("p", { text: evidence }), advice ? adviceOf(advice) : null),
    );
  });
  return section("diagnosis", "In words", made("ul", { class: "words" }, ...items));
}

/** Return an advice, its change of the configuration (`KEY VALUE` at its end) set as what is typed. */
function adviceOf(advice) {
  const [, words, change] = advice.match(/^(?:(.*): )?([A-Z][A-Z_]*\.[A-Z_.]+ \S.*)$/s) || [null, advice, null];
  return made(
    "p",
    { class: "advice" },
    words || "Try",
    change ? ": " : null,
    change ? made("code", { text: change }) : null,
  );
}

/** Return the measured quality with definitions. */
function qualitySection(quality) {
  if (!quality || !quality.length) return null;
  const rows = quality.map(({ name, value, definition }) =>
    made(
      "tr",
      {},
      made("th", { scope: "row", text: nameOfCurve(name) }),
      made("td", { class: "number", text: told(value) }),
      made("td", { class: "text", text: definition }),
    ),
  );
  const head = made(
    "tr",
    {},
    ...["measure", "value", "what it is"].map((text) =>
      made("th", { scope: "col", class: text === "value" ? "number" : null, text }),
    ),
  );
  return section(
    "quality",
    "Quality",
    made(
      "div",
      { class: "scrolled" },
      made("table", { class: "quality" }, made("thead", {}, head), made("tbody", {}, ...rows)),
    ),
  );
}

function curvesSection(curves) {
  const figures = (curves || []).map(curveFigure).filter(Boolean);
  return figures.length ? section("curves", "Training", made("div", { class: "curves" }, ...figures)) : null;
}

/** Return where the map comes from, and the commands that make it again. */
function provenanceSection(data, say) {
  const facts = (data.provenance || []).map(([key, value]) =>
    made("div", {}, made("dt", { text: key }), made("dd", { text: String(value) })),
  );
  const commands = data.commands && data.commands.length ? commandsBlock(data.commands, say) : null;
  const notes =
    data.notes && data.notes.length
      ? made("ul", { class: "notes" }, ...data.notes.map((text) => made("li", { text })))
      : null;
  if (!facts.length && !commands && !notes) return null;
  return section(
    "provenance",
    "Where it comes from",
    facts.length ? made("dl", { class: "facts-of" }, ...facts) : null,
    ...(commands ? [made("h3", { text: "Do it again" }), commands] : []),
    ...(notes ? [made("h3", { text: "Notes" }), notes] : []),
  );
}

function commandsBlock(commands, say) {
  const text = commands.join("\n");
  const button = made("button", {
    type: "button",
    class: "copy",
    text: "Copy",
    on: {
      click: async () => {
        const isDone = await copied(text);
        button.textContent = isDone ? "Copied" : "Select and copy it";
        say(isDone ? "Commands copied" : "This browser does not let the page copy");
        setTimeout(() => (button.textContent = "Copy"), 2000);
      },
    },
  });
  return made("div", { class: "commands" }, made("pre", {}, made("code", { text })), button);
}

/** Put a text where it can be pasted from; return whether that worked. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = made("textarea", { class: "unseen", text });
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy"); // where a file's page has no clipboard of its own
    field.remove();
    return isDone;
  }
}
