// Arrays that came as text.

/** Return the numbers in a base64 text, as a typed array of the given kind. */
function decoded(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}
