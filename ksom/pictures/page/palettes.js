// Colours of numbers and of names; all of them can be told apart by the colour-blind.

// Every eighth colour of viridis and cividis (matplotlib's; CC0).
const ANCHORS = {
  viridis:
    "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21918c1f978b1f9f88" +
    "21a68527ad8131b57b3dbc744cc26c5cc8636ece5881d34d95d840aadc32c0df25d5e21aeae51afde725",
  cividis:
    "00224e00285b002e6a0533711a386f273e6e32436d3b496c434e6c4b546c535a6d5a5f6e61656f686a716f70737676767d7c78838179" +
    "8b8778928d789a9376a29975aaa073b3a670bbad6dc3b369ccba64d4c15fddc858e6d051efd748f8df3cfee838",
};

// Those of `ksom/pictures/plots/colours.py`, so that a group has one colour wherever it is drawn.
const NAMED = [
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#f0e442",
  "#0072b2",
  "#d55e00",
  "#cc79a7",
  "#c3f096",
  "#692d00",
  "#002da5",
  "#6978ff",
  "#780069",
  "#e10f4b",
  "#872d5a",
  "#69d296",
  "#ffa55a",
  "#87e1ff",
  "#5a96f0",
  "#4b693c",
  "#3c5ac3",
];

/** Return a pixel, as ImageData holds it on a little-endian machine. */
function pixelOf(red, green, blue, alpha = 255) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Return 256 colours as rows of red, green and blue. */
function paletteNamed(name) {
  const anchors = ANCHORS[name].match(/../g).map((pair) => parseInt(pair, 16));
  const steps = anchors.length / 3 - 1;
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * steps;
    const low = Math.min(Math.floor(place), steps - 1);
    return [0, 1, 2].map((part) => {
      const [from, to] = [anchors[3 * low + part], anchors[3 * low + 3 + part]];
      return Math.round(from + (to - from) * (place - low));
    });
  });
}

/** Return a palette as pixels. */
function pixelsOf(palette) {
  return Uint32Array.from(palette, ([red, green, blue]) => pixelOf(red, green, blue));
}

/** Return a palette as CSS, from left to right. */
function gradientOf(palette) {
  const stops = Array.from({ length: 17 }, (_, place) => `rgb(${palette[Math.min(255, place * 16)].join(" ")})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Return red, green and blue of the name at a place: sixteen chosen ones, then ones a golden angle apart. */
function colourOfName(place) {
  if (place < NAMED.length) return [1, 3, 5].map((at) => parseInt(NAMED[place].slice(at, at + 2), 16));
  const hue = (place * 137.508) % 360;
  const light = 0.4 + 0.12 * (place % 4);
  const reach = 0.6 * Math.min(light, 1 - light);
  return [0, 8, 4].map((shift) => {
    const turn = (shift + hue / 30) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))));
  });
}

/** Return CSS of red, green and blue. */
function cssOf(colour) {
  return `rgb(${colour[0]} ${colour[1]} ${colour[2]})`;
}
