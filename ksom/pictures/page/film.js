// A film with a button, a slider and keys.

/** How long the last frame is shown before a film begins again, milliseconds. */
const FILM_HOLD = 2000;

/**
 * Put a film into an element, standing at its last frame.
 *
 * Keys, wherever the focus is in it: space plays and pauses, arrows go a frame back and forth, home and end to the first
 * and the last. Who prefers reduced motion sees it play only after asking for it.
 *
 * @param {HTMLElement} element What is filled.
 * @param {{frames: string[], captions: string[], width: number, fps: number, note: ?string}} film Frames are addresses of pictures.
 * @param {{plays: (boolean|undefined)}} options plays: whether it begins to play by itself.
 * @return {{show: function(number), play: function(), pause: function(), onKey: function(KeyboardEvent), frame: number}}
 */
function filmPlayer(element, film, options = {}) {
  const last = film.frames.length - 1;
  const picture = filmPart("img", { className: "filmPicture", decoding: "sync", draggable: false });
  if (film.width) picture.width = film.width; // frames may be smaller: a pixel for a block of them
  const button = filmPart("button", { className: "filmButton", type: "button" });
  const slider = filmPart("input", { className: "filmSlider", type: "range", min: 0, max: last, step: 1 });
  slider.setAttribute("aria-label", "frame of the film");
  const caption = filmPart("p", { className: "filmCaption" });
  const note = filmPart("p", { className: "filmNote", textContent: film.note ?? "" });
  const controls = filmPart("div", { className: "filmControls" });
  controls.append(button, slider);
  element.classList.add("film");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "film of the training");
  element.replaceChildren(picture, controls, caption, ...(film.note ? [note] : []));

  const player = { frame: -1, show, play, pause, onKey };
  let timer = null;

  function show(frame) {
    const next = Math.max(0, Math.min(last, frame));
    if (next === player.frame) return;
    player.frame = next;
    picture.src = film.frames[next];
    picture.alt = `the map, ${film.captions[next]}`;
    slider.value = String(next);
    slider.setAttribute("aria-valuetext", film.captions[next]);
    caption.textContent = film.captions[next];
  }

  function wait() {
    timer = setTimeout(() => {
      show(player.frame === last ? 0 : player.frame + 1);
      wait();
    }, player.frame === last ? FILM_HOLD : 1000 / film.fps);
  }

  function play() {
    if (timer !== null || last === 0) return;
    if (player.frame === last) show(0);
    wait();
    tell();
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    tell();
  }

  function tell() {
    button.textContent = timer === null ? "▶" : "❚❚";
    button.setAttribute("aria-label", timer === null ? "play the film" : "pause the film");
  }

  function go(frame) {
    pause();
    show(frame);
  }

  function onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const frames = { ArrowLeft: player.frame - 1, ArrowRight: player.frame + 1, ArrowDown: player.frame - 1,
      ArrowUp: player.frame + 1, Home: 0, End: last };
    if (event.key === " ") {
      if (timer === null) play(); else pause();
    } else if (event.key in frames) {
      go(frames[event.key]);
    } else return;
    event.preventDefault();
  }

  button.addEventListener("click", () => (timer === null ? play() : pause()));
  slider.addEventListener("input", () => go(Number(slider.value)));
  element.addEventListener("keydown", onKey);
  show(last);
  tell();
  if (options.plays && !matchMedia("(prefers-reduced-motion: reduce)").matches) play();
  return player;
}

/** Return an element with the given properties. */
function filmPart(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
