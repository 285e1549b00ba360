// What a server remembers of a credential, and what of it is another value than before.

import { make, times, utc } from "./dom.js";

const REFUSES = "Refuses all until";

/** Each value by its name, in words. */
function described(state) {
  const { lean, lean_limit } = state;
  const totp = state.kind === "totp";
  return new Map([
    [
      totp ? "Lowest step that can be accepted" : "Next counter",
      state.exhausted ? "none: the last is spent" : state.next_factor,
    ],
    ["Wrong codes in a row", String(state.failures)],
    [REFUSES, state.delayed_until === null ? "–" : utc(state.delayed_until)],
    ["Wrong codes it lets through at once", `${state.budget_left} of ${state.budget}`],
    ...(totp ? [["Drift of the device’s clock", times(state.drift, "step")]] : []),
    ...(totp
      ? [
          [
            "Leaning to the next step",
            `${Math.abs(lean)} of ${lean_limit}${lean ? (lean > 0 ? ", ahead" : ", behind") : ""}`,
          ],
        ]
      : []),
    ["Mark of this enrolment", state.mark],
    ["Seal of the credential", state.seal],
  ]);
}

/** Show a state, and mark what was another value before (null: there was none). */
export function showState(list, before, state) {
  const was = before ? described(before) : new Map();
  const rows = [...described(state)].map(([name, value]) => {
    const cell = make("dd", "mono", value);
    const row = make("div", "", make("dt", "", name), cell);
    if (before && was.get(name) !== value) {
      row.className = "changed";
      cell.append(" ", make("span", "was", `changed, was ${was.get(name)}`));
    }
    if (name === REFUSES) cell.append(make("span", "was left"));
    return row;
  });
  list.replaceChildren(...rows);
}
