// Curves of a training, drawn by hand: axes, a line, and the value at the pointer.

const CURVE = { width: 360, height: 190, left: 56, right: 24, top: 14, bottom: 30 };

/** Return a figure of one curve: {name, iterations, values}; null is a gap. */
function curveFigure(curve) {
  const points = curve.iterations.map((at, place) => [at, curve.values[place]]).filter(([, value]) => value !== null);
  if (!points.length) return null;
  const across = axisOf(
    points.map(([at]) => at),
    CURVE.left,
    CURVE.width - CURVE.right,
  );
  const up = axisOf(
    points.map(([, value]) => value),
    CURVE.height - CURVE.bottom,
    CURVE.top,
    true,
  );
  const value = made("span", { class: "value", text: told(points.at(-1)[1]) });
  const cross = drawn(
    "g",
    { class: "cross", visibility: "hidden" },
    drawn("line", { y1: CURVE.top, y2: CURVE.height - CURVE.bottom }),
    drawn("circle", { r: 3.5 }),
  );
  const picture = drawn(
    "svg",
    {
      viewBox: `0 0 ${CURVE.width} ${CURVE.height}`,
      role: "img",
      tabindex: "0",
      "aria-label": `${curve.name}: ${told(points[0][1])} at iteration ${told(points[0][0])}, ${told(points.at(-1)[1])} at iteration ${told(points.at(-1)[0])}`,
    },
    ...gridOf(across, up),
    drawn("path", { class: "curve", d: lineOf(curve, across, up) }),
    cross,
  );
  const figure = made(
    "figure",
    { class: "curve-of" },
    made("figcaption", {}, made("span", { class: "title", text: nameOfCurve(curve.name) }), value),
    picture,
  );
  followCurve(picture, points, across, up, cross, value);
  return figure;
}

function nameOfCurve(name) {
  return name.replaceAll("_", " ");
}

/** A straight axis: from values to places, with round ticks; an open one goes on to the next of them. */
function axisOf(values, from, to, isOpen = false) {
  let low = values.reduce((one, other) => Math.min(one, other));
  let high = values.reduce((one, other) => Math.max(one, other));
  const largest = Math.max(Math.abs(low), Math.abs(high));
  // What differs by rounding is the same; there are no ticks between numbers that have none between them.
  if (high - low <= largest * 1e-9) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const step = roundStep((high - low) / 4);
  if (isOpen) [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  const ticks = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick += 1)
    ticks.push(Number((tick * step).toPrecision(12)));
  const place = (value) => from + ((value - low) / (high - low)) * (to - from);
  return { low, high, ticks, place, value: (at) => low + ((at - from) / (to - from)) * (high - low) };
}

/** Return the next of 1, 2, 5, 10, 20 … that is not less. */
function roundStep(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= length * 0.999);
}

function gridOf(across, up) {
  const [left, right, bottom] = [CURVE.left, CURVE.width - CURVE.right, CURVE.height - CURVE.bottom];
  return [
    ...up.ticks.flatMap((tick) => [
      drawn("line", { class: "grid", x1: left, x2: right, y1: up.place(tick), y2: up.place(tick) }),
      drawn("text", { x: left - 7, y: up.place(tick) + 4, "text-anchor": "end", text: told(tick) }),
    ]),
    ...across.ticks.map((tick) =>
      drawn("text", { x: across.place(tick), y: bottom + 17, "text-anchor": "middle", text: told(tick) }),
    ),
    drawn("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
  ];
}

function lineOf(curve, across, up) {
  let isDown = false;
  return curve.iterations
    .map((at, place) => {
      const value = curve.values[place];
      if (value === null) {
        isDown = false;
        return "";
      }
      const step = `${isDown ? "L" : "M"}${across.place(at).toFixed(1)} ${up.place(value).toFixed(1)}`;
      isDown = true;
      return step;
    })
    .join("");
}

/** Tell the value at the pointer, or at the place that the arrow keys moved to. */
function followCurve(picture, points, across, up, cross, value) {
  let place = points.length - 1;
  const show = () => {
    const [at, number] = points[place];
    cross.setAttribute("visibility", "visible");
    cross.setAttribute("transform", `translate(${across.place(at)} 0)`);
    cross.lastChild.setAttribute("cy", up.place(number));
    value.textContent = `${told(number)} at ${told(at)}`;
  };
  const leave = () => {
    cross.setAttribute("visibility", "hidden");
    value.textContent = told(points.at(-1)[1]);
  };
  picture.addEventListener("pointermove", (event) => {
    const at = across.value((event.offsetX / picture.clientWidth) * CURVE.width);
    place = points.reduce(
      (best, [other], index) => (Math.abs(other - at) < Math.abs(points[best][0] - at) ? index : best),
      0,
    );
    show();
  });
  picture.addEventListener("pointerleave", leave);
  picture.addEventListener("blur", leave);
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    place = Math.max(0, Math.min(points.length - 1, place + step));
    show();
  });
}
