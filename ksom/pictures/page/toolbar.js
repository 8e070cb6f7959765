// What is above the panels: search, which panels, how large, what dragging draws.

/** Return the row of controls of the panels. */
function toolbar(map, panels, choice, search) {
  const size = made("input", {
    type: "range",
    id: "size",
    min: "110",
    max: "460",
    step: "10",
    value: String(panels.wanted),
    on: {
      input: oncePerFrame(() => {
        panels.wanted = Number(size.value);
        panels.fit();
      }),
    },
  });
  const outlines = map.grouping
    ? switchFor("Cluster lines", panels.hasOutlines, (isOn) => {
        panels.hasOutlines = isOn;
        panels.layOver();
      })
    : null;
  return made(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Panels" },
    search ? search.element : null,
    made("div", { class: "field" }, made("label", { for: "size", text: "Size" }), size),
    toolButtons(panels.pointer),
    outlines,
    panels.all.length > 1 ? chooser(panels) : null,
    made("button", {
      type: "button",
      class: "clear",
      title: "Escape",
      text: "Clear",
      on: { click: () => choice.clear() },
    }),
  );
}

function switchFor(words, isOn, act) {
  const box = made("input", { type: "checkbox", checked: isOn ? "" : null, on: { change: () => act(box.checked) } });
  return made("label", { class: "switch" }, box, words);
}

/** Return the buttons that say what dragging draws; by touch the page scrolls until one of them was pressed. */
function toolButtons(pointer) {
  const tools = { lasso: "Lasso", rectangle: "Rectangle" };
  const buttons = Object.entries(tools).map(([tool, text]) =>
    made("button", {
      type: "button",
      "aria-pressed": "false",
      text,
      on: {
        click: () => {
          const isOn = !(pointer.isTouchDrawing && pointer.tool === tool);
          pointer.use(isOn ? tool : "lasso", isOn);
          buttons.forEach((button, place) =>
            button.setAttribute("aria-pressed", String(isOn && Object.keys(tools)[place] === tool)),
          );
        },
      },
    }),
  );
  return made("div", { class: "tools", role: "group", "aria-label": "What dragging draws" }, ...buttons);
}

/** Return the list of panels to choose from. */
function chooser(panels) {
  const told = made("summary");
  const boxes = panels.all.map((panel) => {
    const box = made("input", { type: "checkbox", on: { change: () => take() } });
    return {
      panel,
      box,
      item: made(
        "li",
        {},
        made("label", {}, box, made("span", { class: "name", title: panel.view.title, text: panel.view.title })),
      ),
    };
  });
  const count = () => (told.textContent = `Panels: ${panels.shown.size} of ${panels.all.length}`);
  const take = () => {
    panels.show(new Set(boxes.filter(({ box }) => box.checked).map(({ panel }) => panel.key)));
    count();
  };
  const all = (isOn) => {
    for (const { box, item } of boxes) if (!item.hidden) box.checked = isOn;
    take();
  };
  const filter = made("input", {
    type: "search",
    "aria-label": "Name of a panel",
    placeholder: "Name of a panel",
    on: {
      input: () => {
        for (const { panel, item } of boxes)
          item.hidden = !panel.view.title.toLowerCase().includes(filter.value.trim().toLowerCase());
      },
    },
  });
  for (const { panel, box } of boxes) box.checked = panels.shown.has(panel);
  count();
  return made(
    "details",
    { class: "chooser" },
    told,
    made(
      "div",
      { class: "choices" },
      filter,
      made(
        "div",
        { class: "tools" },
        made("button", { type: "button", text: "All", on: { click: () => all(true) } }),
        made("button", { type: "button", text: "None", on: { click: () => all(false) } }),
      ),
      made("ul", {}, ...boxes.map(({ item }) => item)),
    ),
  );
}
