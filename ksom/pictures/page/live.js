// A run that is watched: how far it is, and the report, made anew when there is a newer map.

const ASK_AGAIN = 1000;
const ASK_AGAIN_LATER = 5000;

/** Fill the page with what is known of a run, and go on asking its server for more. */
function watchRun(data) {
  const watched = new WatchedRun();
  document.body.prepend(watched.element);
  let have = null;

  function take(news) {
    watched.show(news);
    if (news.report) {
      have = news.version;
      anew(news.report);
    }
    showCurves(news.curves, have !== null);
  }

  async function ask() {
    let wait = ASK_AGAIN_LATER;
    try {
      const answer = await fetch(`data.json?have=${encodeURIComponent(have ?? "")}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json();
      take(news);
      if (news.goesOn) wait = ASK_AGAIN;
    } catch {
      watched.say("no answer: ksom watch --serve has ended, or is busy; this page asks again");
    }
    setTimeout(ask, wait);
  }

  take(data);
  setTimeout(ask, ASK_AGAIN);
}

/** Make the report anew in place of the one before, whose choice it takes over; the page stays where it was. */
function anew(data) {
  const before = document.querySelectorAll("body > header, body > main");
  const [down, focus] = [scrollY, document.activeElement?.id];
  before.forEach((element) => element.remove());
  report(data);
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  scrollTo(0, down);
}

/** Show the newest curves: those of the report, or above it while there is none. */
function showCurves(curves, isInReport) {
  const old = document.getElementById("curves");
  const made = curvesSection(curves);
  if (old && made) old.replaceWith(made);
  else if (made && !isInReport) document.body.append(made);
}

/** What stands above the report: how the run stands, how far it is, its newest picture. */
class WatchedRun {
  constructor() {
    this.status = made("strong", { class: "status-of" });
    this.bar = made("progress", { max: 1, value: 0, "aria-label": "progress of the training" });
    this.facts = made("p", { class: "facts-now", role: "status" });
    this.note = made("p", { class: "hint", role: "alert" });
    this.picture = made("img", { class: "frame", alt: "", hidden: "" });
    this.caption = made("p", { class: "hint" });
    this.element = made("section", { id: "watched", class: "watched", "aria-label": "The run now" },
      made("div", {}, made("p", { class: "path", text: DATA.path }), this.status, this.bar, this.facts, this.note),
      made("div", {}, this.picture, this.caption));
  }

  show(news) {
    this.status.textContent = news.status;
    this.status.className = `status-of ${news.isWell ? "well" : "ill"}`;
    this.bar.hidden = news.progress === null;
    this.bar.value = news.progress ?? 0;
    this.facts.textContent = news.facts.join(" · ");
    this.say(news.note ?? "");
    if (news.frame && news.frame !== this.picture.getAttribute("src")) this.picture.src = news.frame;
    this.picture.hidden = !news.frame;
    this.picture.alt = news.frame ? `the map: ${news.source}` : "";
    this.caption.textContent = news.source ?? "";
    document.title = `${news.progress === null ? news.status : `${Math.floor(100 * news.progress)} %`} · ${news.path}`;
  }

  say(words) {
    if (this.note.textContent !== words) this.note.textContent = words;
  }
}

watchRun(DATA);
