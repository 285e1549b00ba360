// Every way in which a page can send a request to another origin. None must have an effect.

const [address, session, token] = given;
const found = {};

const knock = async (way, attempt) => {
  const late = new Promise((done) => setTimeout(done, 5000));
  try {
    found[way] = (await Promise.race([attempt(), late])) || "nothing";
  } catch {
    found[way] = "nothing";
  }
};

const body = JSON.stringify({ session, seconds: 86400 });
const wait = `${address}api/login/wait`;
const post = (type, mode, more = {}) =>
  fetch(wait, { method: "POST", mode, headers: { "Content-Type": type, ...more }, body });

/** Load something by an element, and look into what is there. */
const load = (tag, attributes, look = () => "loaded") =>
  new Promise((done) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onerror = () => done("");
    element.onload = () => {
      try {
        done(look(element));
      } catch {
        done("");
      }
    };
    document.body.append(element);
  });

await knock("fetch of a page", async () => (await fetch(address)).status);
await knock("fetch of JSON", async () => {
  const response = await post("application/json", "cors", { Authorization: `Bearer ${token}` });
  return response.status;
});
for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
  await knock(`fetch of ${type}`, async () => {
    const response = await post(type, "no-cors");
    return response.status || (await response.text());
  });
}
await knock("beacon", async () => {
  navigator.sendBeacon(wait, new Blob([body], { type: "text/plain" }));
});
await knock("image", () => load("img", { src: `${address}icon.svg` }));
await knock("script", () => load("script", { src: `${address}script.js` }));
await knock("style", () => load("link", { rel: "stylesheet", href: `${address}style.css` }));
await knock("module", () => import(`${address}dom.js`));
await knock("frame", () => load("iframe", { src: address }, (frame) => frame.contentDocument.title));
await knock("form", () => {
  const field = Object.assign(document.createElement("input"), {
    name: `${body.slice(0, -1)}, "x": "`,
    value: '"}',
  });
  const form = Object.assign(document.createElement("form"), {
    method: "POST",
    enctype: "text/plain",
    action: wait,
    target: "frame",
  });
  form.append(field);
  document.body.append(form);
  const answer = load("iframe", { name: "frame" }, (frame) => frame.contentDocument.body.textContent);
  form.submit();
  return answer;
});
await knock("window", async () => {
  const other = open(address);
  await new Promise((done) => setTimeout(done, 500));
  try {
    return other.document.title;
  } finally {
    other.close();
  }
});
return found;
