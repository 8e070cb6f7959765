// What the pointer and the keys do in panels: looking at a node, choosing one, drawing a line around many.

const DRAG_FROM = 5; // CSS pixels: less is a click

/** Follows the pointer over all panels; one set of handlers for all. */
class PanelPointer {
  constructor(panels) {
    this.panels = panels;
    this.choice = panels.choice;
    this.tool = "lasso";
    this.isTouchDrawing = false;
    this.drag = null;
    const acts = {
      pointermove: (event) => this.#move(event),
      pointerdown: (event) => this.#down(event),
      pointerup: (event) => this.#up(event),
      pointercancel: () => this.#end(),
      pointerleave: () => this.choice.hover(NOWHERE),
      keydown: (event) => this.#key(event),
    };
    for (const [event, act] of Object.entries(acts)) panels.element.addEventListener(event, act);
  }

  /** Choose what dragging draws: lasso or rectangle; by touch it draws only once that was asked for, else it scrolls. */
  use(tool, isForTouch) {
    this.tool = tool;
    this.isTouchDrawing = isForTouch;
    this.panels.element.classList.toggle("drawing", isForTouch);
  }

  #move(event) {
    if (this.drag) {
      this.#draw(event);
      return;
    }
    const panel = panelOf(event);
    this.choice.hover(panel && event.pointerType !== "touch" ? panel.nodeAt(event.offsetX, event.offsetY) : NOWHERE);
  }

  #down(event) {
    const panel = panelOf(event);
    if (!panel || event.button !== 0) return;
    const isDrawing = event.pointerType !== "touch" || this.isTouchDrawing;
    const box = panel.base.getBoundingClientRect();
    this.drag = {
      panel,
      box,
      isDrawing,
      isRectangle: event.shiftKey || this.tool === "rectangle",
      isAdding: event.ctrlKey || event.metaKey,
      line: [],
      path: null,
    };
    this.drag.line.push(placeIn(this.drag, event));
    if (isDrawing) panel.picture.setPointerCapture(event.pointerId);
  }

  #draw(event) {
    const { drag } = this;
    const place = placeIn(drag, event);
    const [x, y] = drag.line[0];
    if (!drag.path && Math.hypot(place[0] - x, place[1] - y) < DRAG_FROM) return;
    if (!drag.isDrawing) {
      this.#end(); // the page scrolls
      return;
    }
    if (!drag.path) {
      drag.path = drawn("polygon", {});
      drag.svg = drawn("svg", { class: "line", "aria-hidden": "true" }, drag.path);
      drag.panel.picture.append(drag.svg);
      this.choice.hover(NOWHERE);
    }
    if (drag.isRectangle) drag.line = [[x, y], [place[0], y], place, [x, place[1]]];
    else drag.line.push(place);
    drag.path.setAttribute("points", drag.line.map((point) => point.join(",")).join(" "));
  }

  #up(event) {
    const { drag } = this;
    if (!drag) return;
    if (drag.path) this.#enclose(drag);
    else this.#choose(drag.panel.nodeAt(...drag.line[0]), event);
    this.#end();
  }

  #choose(node, event) {
    if (node === NOWHERE) return;
    this.choice.choose(node === this.choice.node && event.pointerType !== "touch" ? NOWHERE : node);
  }

  #enclose(drag) {
    const { width, height } = drag.panel.size;
    const mask = nodesInside(
      drag.panel.map.lattice,
      drag.line.map(([x, y]) => [x / width, y / height]),
    );
    const { region } = this.choice;
    if (drag.isAdding && region) region.mask.forEach((is, node) => (mask[node] |= is));
    this.choice.chooseRegion(
      mask,
      drag.isAdding && region ? "Several regions" : drag.isRectangle ? "Rectangle" : "Lasso",
    );
  }

  #end() {
    if (this.drag && this.drag.svg) this.drag.svg.remove();
    this.drag = null;
  }

  #key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (!panelOf(event) || !steps[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.choice.step(...steps[event.key], event.shiftKey);
  }
}

/** Return the panel whose picture an event is in, or null. */
function panelOf(event) {
  const picture = event.target.closest(".picture");
  return picture ? picture.panel : null;
}

function placeIn(drag, event) {
  return [event.clientX - drag.box.left, event.clientY - drag.box.top];
}
