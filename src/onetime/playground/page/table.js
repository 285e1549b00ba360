// Table: the codes of a range of counters or times, for comparison with another implementation.

import { Line, whole } from "./api.js";
import * as shared from "./credential.js";
import { copy, find, make, settled, times, utc } from "./dom.js";
import { Panel } from "./panel.js";

export class TablePanel extends Panel {
  #line = new Line();
  #rows = [];

  constructor() {
    super("table");
    find("count").addEventListener(
      "input",
      settled(() => this.update()),
    );
    find("copy-text").addEventListener("click", (event) => copy(this.#text(), event.target, "The table"));
    find("copy-json").addEventListener("click", (event) =>
      copy(this.#json(), event.target, "The table, as JSON,"),
    );
  }

  async update() {
    const totp = shared.kind() === "totp";
    try {
      const answer = await this.#line.ask("table", {
        credential: shared.credential(),
        start: totp ? shared.time() : null,
        count: whole(find("count").value),
      });
      if (answer === undefined) return;
      this.well();
      shared.describe(answer);
      this.#show(answer.rows, totp);
      this.wait(totp && shared.isNow() ? answer.remaining : undefined);
    } catch (error) {
      if (error.field === "start") error.field = totp ? "time" : "counter";
      this.refused(error);
    }
    find("copy-text").disabled = find("copy-json").disabled = this.answer.hidden || this.answer.inert;
  }

  leave() {
    super.leave();
    this.#line.drop();
  }

  #show(rows, totp) {
    this.#rows = rows;
    find("table-caption").textContent = times(rows.length, "code");
    const heads = totp ? ["Step", "From, UTC", "Unix seconds", "Code"] : ["Counter", "Code"];
    find("table-head").replaceChildren(
      ...heads.map((head) => {
        const cell = make("th", "", head);
        cell.scope = "col";
        return cell;
      }),
    );
    find("table-rows").replaceChildren(
      ...rows.map((row) => {
        const first = make("th", "mono", row.moving_factor);
        first.scope = "row";
        const moments = totp ? [make("td", "mono", utc(row.time)), make("td", "mono", row.time)] : [];
        const code = make("td", "mono strong", row.code);
        code.dataset.code = row.code;
        const line = make("tr", "", first, ...moments, code);
        [...line.children].forEach((cell, column) => (cell.dataset.head = heads[column]));
        return line;
      }),
    );
  }

  /** The table as lines with tabs, for spreadsheets and `cut`. */
  #text() {
    return this.#rows
      .map((row) => [row.moving_factor, ...(row.time === null ? [] : [row.time]), row.code].join("\t") + "\n")
      .join("");
  }

  #json() {
    return JSON.stringify(this.#rows, null, 2) + "\n";
  }
}
