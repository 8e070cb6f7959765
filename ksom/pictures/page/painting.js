// What is painted into a panel's canvas: nodes as pixels looked up, pies and words on top where nodes are large enough.

const PALETTES = { viridis: paletteNamed("viridis"), cividis: paletteNamed("cividis") };
const NOTHING = pixelOf(128, 128, 128, 38); // a node without a value: its place is seen, light or dark
const WORDS_FROM = 26; // CSS pixels of a node that has room for a word
const PIES_FROM = 9;

/** Return the palette of a plane: one for amounts, features and hits, another for distances. */
function paletteOf(plane) {
  return plane.isFeature || plane.kind === "count" ? PALETTES.viridis : PALETTES.cividis;
}

/** Return the red, green and blue of a node's value, or null where there is nothing. */
function colourOfValue(plane, value) {
  if (plane.isCategorical) return value < 0 ? null : colourOfName(value);
  if (!Number.isFinite(value) || (plane.kind === "count" && value === 0)) return null;
  return paletteOf(plane)[Math.round(255 * plane.share(value))];
}

/** Return the pixel of every node, shape (K,). */
function pixelsOfPlane(plane) {
  const pixels = new Uint32Array(plane.values.length);
  if (plane.isCategorical) {
    const names = Uint32Array.from(plane.names, (_, place) => pixelOf(...colourOfName(place)));
    plane.values.forEach((value, node) => (pixels[node] = value < 0 ? NOTHING : names[value]));
    return pixels;
  }
  const palette = pixelsOf(paletteOf(plane));
  plane.values.forEach((value, node) => {
    const isNothing = !Number.isFinite(value) || (plane.kind === "count" && value === 0);
    pixels[node] = isNothing ? NOTHING : palette[Math.round(255 * plane.share(value))];
  });
  return pixels;
}

/** Return the pixel of every node of a map in its own colours, uint8 of shape (K · 3,). */
function pixelsOfColours(colours) {
  return Uint32Array.from({ length: colours.length / 3 }, (_, node) =>
    pixelOf(...colours.subarray(3 * node, 3 * node + 3)),
  );
}

/** Paint every pixel in its node's colour; fine lines between nodes where they are large. */
function paintNodes(context, pixelNodes, pixels) {
  const image = context.createImageData(pixelNodes.width, pixelNodes.height);
  const out = new Uint32Array(image.data.buffer);
  const { index, edges } = pixelNodes;
  for (let at = 0; at < index.length; at += 1) if (index[at] !== NOWHERE) out[at] = pixels[index[at]];
  if (edges)
    for (let at = 0; at < edges.length; at += 1)
      if (edges[at]) out[at] = (out[at] & 0xffffff) | ((out[at] >>> 25) << 24);
  context.putImageData(image, 0, 0);
}

/** Paint a pie on every node: its area is the number of samples, its pieces are the classes. */
function paintPies(context, map, size) {
  const classes = map.pies.names.length;
  const totals = Float64Array.from({ length: map.nodes }, (_, node) => sumOf(countsOf(map.pies, node)));
  const most = totals.reduce((one, other) => Math.max(one, other), 1);
  for (let node = 0; node < map.nodes; node += 1) {
    if (!totals[node]) continue;
    const [x, y] = placeOf(map.lattice.middle(node), size);
    const radius = Math.max(0.24, Math.sqrt(totals[node] / most)) * 0.46 * size.cell * size.scale;
    let from = -Math.PI / 2;
    for (let place = 0; place < classes; place += 1) {
      const turn = (2 * Math.PI * map.pies.counts[node * classes + place]) / totals[node];
      if (!turn) continue;
      context.fillStyle = cssOf(colourOfName(place));
      context.beginPath();
      context.moveTo(x, y);
      context.arc(x, y, radius, from, from + turn);
      context.fill();
      from += turn;
    }
  }
}

/** Return how many samples of each class a node has. */
function countsOf(pies, node) {
  return pies.counts.subarray(node * pies.names.length, (node + 1) * pies.names.length);
}

function sumOf(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Write names, or counts, on the nodes. */
function paintWords(context, plane, map, size) {
  context.font = `${Math.max(10, Math.min(15, size.cell / 3.2)) * size.scale}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let node = 0; node < map.nodes; node += 1) {
    const colour = colourOfValue(plane, plane.values[node]);
    if (!colour) continue;
    const [x, y] = placeOf(map.lattice.middle(node), size);
    context.fillStyle = isBright(colour) ? "#111" : "#fff";
    context.fillText(fitting(context, plane.told(plane.values[node]), size.cell * size.scale * 0.9), x, y);
  }
}

/** Return as much of a text as has room. */
function fitting(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  const letters = Array.from(text.slice(0, 40));
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("")}…`;
}

/** Return whether black is easier to read on it than white. */
function isBright([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}

function placeOf([x, y], size) {
  return [x * size.nodes.width, y * size.nodes.height];
}
