// Finding rows by id: their nodes light up, and a list leads to each.

const LISTED = 40;

/** The field in which an id is typed, and what was found. */
class RowSearch {
  constructor(map, choice, say) {
    this.map = map;
    this.choice = choice;
    this.say = say;
    this.field = made("input", {
      type: "search",
      id: "find",
      placeholder: `such as ${map.rows.ids[0]}`,
      autocomplete: "off",
      spellcheck: "false",
      "aria-controls": "found",
      on: { input: oncePerFrame(() => this.#find()), keydown: (event) => this.#key(event) },
    });
    this.list = made("ul", { id: "found", class: "found", "aria-label": "Rows found" });
    const { ids, total } = map.rows;
    const some = ids.length < total ? ` (${ids.length.toLocaleString("en")} of ${total.toLocaleString("en")})` : "";
    this.element = made(
      "div",
      { class: "search" },
      made("label", { for: "find", text: `Find a row${some}` }),
      this.field,
      this.list,
    );
  }

  /** Forget what was typed. */
  empty() {
    this.field.value = "";
    this.list.replaceChildren();
  }

  #find() {
    const words = this.field.value;
    const rows = this.map.rows.named(words);
    const nodes = new Set(rows.map((row) => this.map.rows.nodes[row]).filter((node) => node >= 0));
    this.choice.mark(nodes.size ? maskOf(this.map.nodes, (node) => nodes.has(node)) : null);
    this.list.replaceChildren(...rows.slice(0, LISTED).map((row) => this.#item(row)));
    if (rows.length > LISTED)
      this.list.append(made("li", { class: "hint", text: `and ${(rows.length - LISTED).toLocaleString("en")} more` }));
    if (words.trim())
      this.say(
        rows.length ? `${counted(rows.length, "row")} found, on ${counted(nodes.size, "node")}` : "No row found",
      );
    else this.say("");
  }

  #item(row) {
    const id = this.map.rows.ids[row];
    const node = this.map.rows.nodes[row];
    return made(
      "li",
      {},
      made(
        "button",
        { type: "button", title: id, on: { click: () => this.choice.choose(node) } },
        made("span", { class: "name", text: id }),
        made("span", { class: "hint", text: node < 0 ? "no node" : this.map.nameOf(node) }),
      ),
    );
  }

  #key(event) {
    const first = this.list.querySelector("button");
    if (event.key === "Enter" && first) first.click();
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  }
}
