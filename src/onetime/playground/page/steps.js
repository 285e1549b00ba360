// Steps: the computation as a picture, from the counter or the time to the code.

import { Line } from "./api.js";
import { Arrow } from "./arrow.js";
import * as shared from "./credential.js";
import { find, HASHES, make, showCode, times, utc } from "./dom.js";
import { Panel } from "./panel.js";

const pairs = (hex) => hex.match(/../g) ?? [];
const strong = (text) => make("strong", "", text);
const mono = (text) => make("code", "", text);
const hint = (...words) => make("p", "hint", ...words);

/** Bytes in cells; `look` gives the class of each. */
function bytes(list, look = () => "") {
  const cells = list.map((byte, index) => make("span", `byte ${look(index)}`.trim(), byte));
  return make("div", "bytes", ...cells.flatMap((cell) => [cell, " "]));
}

/** A named row of bytes. */
const named = (name, content, note) =>
  make("div", "named", make("p", "name", name), content, ...(note ? [hint(note)] : []));

/** Numbers with thin gaps that are not copied: "1 539 678 706". */
function spaced(digits, look = () => "") {
  const element = make("span", "number");
  [...digits].forEach((digit, index) => {
    const gap = index > 0 && (digits.length - index) % 3 === 0 ? "gap" : "";
    element.append(make("span", `${gap} ${look(index)}`.trim(), digit));
  });
  return element;
}

function step(title, ...content) {
  return make("li", "card", make("h3", "", title), ...content);
}

function message(answer, name) {
  const sentence = make("p", "formula");
  if (name === "T") {
    sentence.append(
      strong("T"),
      " = ⌊(time − T0) / X⌋ = ⌊(",
      mono(answer.time),
      " − ",
      mono(answer.t0),
      ") / ",
      mono(answer.period),
      "⌋ = ",
      strong(answer.moving_factor),
    );
  } else sentence.append(strong("C"), " = ", strong(answer.moving_factor), ", the counter");
  const span =
    answer.span &&
    `Step ${answer.moving_factor} lasts from ${utc(answer.span[0])} to ${utc(String(BigInt(answer.span[1]) - 1n))}, UTC.`;
  const zeros = pairs(answer.message).findIndex((byte) => byte !== "00");
  const first = zeros < 0 ? 8 : zeros;
  return step(
    "The moving factor as eight bytes",
    sentence,
    named(
      `${name}, the highest byte first`,
      bytes(pairs(answer.message), (index) => (index < first ? "zero" : "")),
    ),
    ...(span ? [hint(span)] : []),
  );
}

function key(answer) {
  const filled = answer.block_size - answer.fill;
  const zero = (index) => (index >= filled ? "zero" : "");
  const hash = HASHES[answer.algorithm];
  const size = times(answer.bytes, "byte");
  const words = answer.key_hashed
    ? `The secret has ${size}, which is more than the block of ${hash}. It is hashed to ${answer.digest_size} bytes, and padded with zeros to ${answer.block_size}.`
    : answer.fill
      ? `The secret has ${size}. It is padded with zeros to ${answer.block_size}, the block of ${hash}.`
      : `The secret has ${size}, which is exactly one block of ${hash}.`;
  return step(
    "The key, and the two pads",
    make(
      "div",
      "two",
      named("Padded key", bytes(pairs(answer.padded_key), zero)),
      make("p", "", words),
      named("Inner pad: each byte XOR 36", bytes(pairs(answer.inner_pad), zero)),
      named("Outer pad: each byte XOR 5c", bytes(pairs(answer.outer_pad), zero)),
    ),
  );
}

function hashes(answer, name) {
  const hash = HASHES[answer.algorithm];
  const box = (...words) => make("span", "box", ...words);
  const flow = (...parts) => make("p", "flow", ...parts);
  return step(
    "Two hashes, one around the other",
    flow(
      box("inner pad"),
      " then ",
      box(name, ", 8 bytes"),
      " → ",
      box(strong(hash)),
      " → ",
      box("inner hash"),
    ),
    named("Inner hash", bytes(pairs(answer.inner_hash))),
    flow(box("outer pad"), " then ", box("inner hash"), " → ", box(strong(hash)), " → ", box(strong("HS"))),
    hint(`This is HMAC-${hash}. HS has ${answer.digest_size} bytes.`),
  );
}

function truncation(answer) {
  const last = answer.hs_bytes.length - 1;
  const cells = answer.hs_bytes.map((byte, index) => {
    const taken = answer.p_indices.includes(index);
    const value = index === last ? [byte[0], make("b", "nibble", byte[1])] : [byte];
    const look = `byte numbered${taken ? " taken" : ""}${index === last ? " last" : ""}`;
    return make("span", look, make("span", "value", ...value), make("small", "", String(index)));
  });
  const grid = make("div", `bytes hs of-${answer.hs_bytes.length}`, ...cells.flatMap((cell) => [cell, " "]));
  const first = answer.p_indices[0];
  const arrow = new Arrow(grid, cells[last], cells[first]);
  const bits = make("span", "bits");
  [...answer.last_bits].forEach((bit, index) =>
    bits.append(make("span", `bit ${index > 3 ? "low" : ""}`.trim(), bit)),
  );
  const words = make(
    "p",
    "",
    "The last byte is ",
    mono(answer.last_byte),
    ". Its low four bits are ",
    mono(answer.last_bits.slice(4)),
    ", which is ",
    strong(String(answer.offset)),
    ": the four bytes ",
    strong(`${first} to ${answer.p_indices[3]}`),
    " are taken.",
  );
  const element = step(
    "The last byte points to four bytes",
    grid,
    make("p", "bitline", mono(answer.last_byte), " = ", bits),
    words,
  );
  return { element, arrow };
}

function mask(answer) {
  const row = (name, first, rest) => make("div", "maskrow", make("span", "name", name), first, " ", rest);
  const bits = (text, look) => {
    const element = make("span", "bits");
    [...text].forEach((bit, index) => element.append(make("span", index === 0 ? `bit ${look}` : "bit", bit)));
    return element;
  };
  const masked = "0" + answer.p_first_bits.slice(1);
  const rest = () => bytes(answer.p_bytes.slice(1));
  const words = answer.sign_bit
    ? "The highest bit is 1. It is set to 0, because machines would disagree about the sign of the number."
    : "The highest bit is already 0. A 1 would be set to 0, because machines would disagree about the sign.";
  return step(
    "The sign bit is masked",
    row("P", bits(answer.p_first_bits, "sign"), rest()),
    row("Snum", bits(masked, "sign cleared"), rest()),
    make("p", "", words),
    make(
      "p",
      "formula",
      strong("Snum"),
      " = ",
      mono(`0x${answer.p_masked}`),
      " = ",
      spaced(String(answer.snum)),
    ),
  );
}

function remainder(answer) {
  const digits = String(answer.snum).padStart(answer.digits, "0");
  const from = digits.length - answer.digits;
  const code = make("output", "code big");
  showCode(code, answer.code);
  return step(
    `The last ${answer.digits} digits are the code`,
    make(
      "p",
      "formula",
      spaced(digits, (index) => (index >= from ? "kept" : "cut")),
    ),
    make(
      "p",
      "formula",
      strong("D"),
      " = ",
      spaced(String(answer.snum)),
      " mod ",
      spaced(String(answer.modulus)),
      " = ",
      strong(String(answer.d)),
      ...(String(answer.d).length < answer.digits ? [", with leading zeros"] : []),
    ),
    make("p", "eyebrow", "The code"),
    make("div", "fits", code),
  );
}

export class StepsPanel extends Panel {
  #line = new Line();
  #arrow = null;

  constructor() {
    super("steps");
    // The arrow is drawn again when the cells have moved.
    new ResizeObserver(() => this.#arrow?.draw()).observe(find("shown-steps"));
  }

  async update() {
    try {
      const answer = await this.#line.ask("steps", { credential: shared.credential(), time: shared.time() });
      if (answer === undefined) return;
      this.well();
      shared.describe(answer);
      const name = answer.span ? "T" : "C";
      const { element, arrow } = truncation(answer);
      find("shown-steps").replaceChildren(
        message(answer, name),
        key(answer),
        hashes(answer, name),
        element,
        mask(answer),
        remainder(answer),
      );
      this.#arrow = arrow;
      arrow.draw();
      this.wait(answer.span && shared.isNow() ? answer.remaining : undefined);
    } catch (error) {
      this.refused(error);
    }
  }

  leave() {
    super.leave();
    this.#line.drop();
  }
}
