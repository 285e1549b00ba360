// What the tests measure in the page. Each function gives what is wrong, or what is there.

const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const every = (selector) => [...document.querySelectorAll(selector)];
const brief = (element) => element.outerHTML.slice(0, 120);
const CONTROLS = "a[href], button, input, select, textarea, summary";

/** A text without what only the ear gets. */
function seen(element) {
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll(".unseen")) part.remove();
  return copy.textContent.trim();
}

/** Whether the part that is open shows an answer to something else than what is typed. */
const stale = () => document.querySelector("[role=tabpanel]:not([hidden]) .answer").inert;

/** Whether the part that is open shows an answer. */
const answered = () => shown(document.querySelector("[role=tabpanel]:not([hidden]) .answer"));

/**
 * Contrast as WCAG 2.2 computes it (1.4.3 and 1.4.11): of all that is written 4.5:1, of the borders of
 * controls and of the focus 3:1. Gives how many were looked at, and those that have less.
 */
function contrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, ground) => {
    const alpha = top[3] / 255;
    return [...top.slice(0, 3).map((channel, i) => channel * alpha + ground[i] * (1 - alpha)), 255];
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement)
      layers.push(channels(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 255]);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour
      .slice(0, 3)
      .map((channel) => channel / 255)
      .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  let looked = 0;
  const found = [];
  const judge = (element, colour, behind, least, what) => {
    const [low, high] = [luminance(over(channels(colour), behind)), luminance(behind)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    looked += 1;
    if (ratio < least) found.push(`${what} ${ratio.toFixed(2)}: ${brief(element)}`);
  };
  const focus = getComputedStyle(document.body).getPropertyValue("--focus");
  for (const element of every("body, body *").filter(shown)) {
    const style = getComputedStyle(element);
    const written = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim(),
    );
    if (written || element.matches("input:not([type=radio]), textarea, select")) {
      judge(element, element instanceof SVGElement ? style.fill : style.color, ground(element), 4.5, "text");
    }
    for (const part of ["::before", "::after"]) {
      const made = getComputedStyle(element, part);
      if (["none", "normal", '""'].includes(made.content)) continue;
      judge(element, made.color, over(channels(made.backgroundColor), ground(element)), 4.5, part);
    }
    if (element.matches("body, .card")) judge(element, focus, ground(element), 3, "focus");
    if (
      !element.closest("[inert]") &&
      element.matches("button:not([role=tab], .copy, :disabled), input:not([type=radio]), textarea, select, .choice")
    ) {
      judge(element, style.borderTopColor, ground(element.parentElement), 3, "border");
    }
  }
  return [looked, found];
}

/** What reaches out of the page to the right. */
const wide = () =>
  every("body *")
    .filter((element) => shown(element) && !element.closest(".unseen, thead, textarea"))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map(brief);

/** Codes that reach out of their place, or over what stands beside them. */
const cramped = () =>
  every(".code .group")
    .filter((group) => {
      const place = group.closest(".card").querySelector(".ring:not([hidden])");
      const box = group.closest(".card").getBoundingClientRect();
      const most = place?.getBoundingClientRect().left ?? box.right;
      return shown(group) && group.getBoundingClientRect().right > most;
    })
    .map(brief);

/** Controls that are too small to be hit: under 24 pixels, or not as high as they are here. */
const small = () =>
  every(CONTROLS)
    .filter(
      (element) =>
        shown(element.matches("[type=radio]") ? element.parentElement : element) && !element.matches(".skip"),
    )
    .map((element) => [element, element.getBoundingClientRect(), element.matches("summary") ? 24 : 36])
    .filter(([, box, least]) => box.width < 24 || box.height < least - 0.5)
    .map(([element, box]) => `${box.width} x ${box.height}: ${brief(element)}`);

/** The levels of the headings. */
const headings = () =>
  every("h1, h2, h3, h4, h5, h6")
    .filter((each) => each.checkVisibility())
    .map((each) => Number(each.tagName[1]));

/** Ids that are there twice, and references to ids that are not there. */
function ids() {
  const all = every("[id]").map((each) => each.id);
  const referring = ["aria-describedby", "aria-labelledby", "aria-controls", "for"].flatMap((name) =>
    every(`[${name}]`).flatMap((each) => each.getAttribute(name).split(" ")),
  );
  return [
    ...all.filter((id, index) => all.indexOf(id) !== index),
    ...referring.filter((id) => !all.includes(id)),
  ];
}

const place = (element) => every("*").indexOf(element);

/** Begin to count what changes by itself inside of live regions: aloud, and where it is not to be said. */
function listen() {
  window.heard = { aloud: [], silent: 0 };
  const live = "[aria-live=polite], [aria-live=assertive], [role=status], [role=log], [role=alert], output";
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      const nearest = element?.closest(`${live}, [aria-live=off]`);
      if (nearest?.matches("[aria-live=off]")) window.heard.silent += 1;
      else if (nearest) window.heard.aloud.push(brief(element));
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}

/** The places of all controls that Tab should come to, in their order. */
const usable = () =>
  every(CONTROLS)
    .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0)
    .filter((each) => each.type !== "radio" || each.checked)
    .map(place);

/** The control that has the focus: its place, its name, whether it is outlined, whether it is on the screen. */
function focused() {
  const at = document.activeElement;
  const drawn = at.matches("[type=radio]") ? at.nextElementSibling : at;
  const style = getComputedStyle(drawn);
  const box = drawn.getBoundingClientRect();
  const outlined = style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2;
  return [place(at), brief(at), outlined, box.top < innerHeight && box.bottom > 0];
}

/** The arrow's two ends, and where they should be: the right of the last byte, the top of the first one taken. */
function arrow() {
  const line = document.querySelector(".arrow-line");
  const box = document.querySelector(".hs").getBoundingClientRect();
  const last = document.querySelector(".hs .last").getBoundingClientRect();
  const first = document.querySelector(".hs .taken").getBoundingClientRect();
  const end = (length) => {
    const point = line.getPointAtLength(length);
    return [point.x + box.x, point.y + box.y];
  };
  const wanted = [last.right, (last.top + last.bottom) / 2, (first.left + first.right) / 2, first.top];
  return [[...end(0), ...end(line.getTotalLength())], wanted];
}

/** The state of the login's server: name, value, and what the value was if it is another one now. */
const rows = () =>
  every("#server .state > div").map((row) => [
    row.querySelector("dt").textContent,
    row.querySelector("dd").firstChild.textContent.trim(),
    ...[...row.querySelectorAll(".was:not(.left)")].map((was) => was.textContent),
  ]);

/** How many digits each code that is shown has. */
const lines = (selector) =>
  every(selector)
    .filter(shown)
    .map((code) => code.dataset.code?.length);

/** Codes whose groups are not all on one line. */
const broken = () =>
  every(".code[data-code]")
    .filter(shown)
    .filter((code) => {
      const tops = [...code.querySelectorAll(".group")].map((group) => group.getBoundingClientRect().top);
      return new Set(tops.map(Math.round)).size > 1;
    })
    .map(brief);
