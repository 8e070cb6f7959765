// Arrays that came as text.

/** Return the numbers in a base64 text, as a typed array of the given kind. */
function decoded(text, Kind) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Kind(bytes.buffer);
}

/** Return a panel's numbers: a Float32Array with NaN for what there is not, or an Int32Array of categories. */
function panelValues(panel) {
  if (panel.kind === "categorical") {
    return decoded(panel.values, Int32Array);
  }
  if (panel.values !== null) {
    return decoded(panel.values, Float32Array);
  }
  const step = (panel.high - panel.low) / 65534;
  return Float32Array.from(decoded(panel.codes, Uint16Array), (code) => (code ? panel.low + (code - 1) * step : NaN));
}
