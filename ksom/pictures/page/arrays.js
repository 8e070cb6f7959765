// Arrays that came as text.

/** Return the numbers in a base64 text, as a typed array of the given kind. */
function decoded(text, Kind) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Kind(bytes.buffer);
}
