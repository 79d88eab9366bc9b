// The bench: draws what the board shows, and tells the board what hands do to it.

const at = (id) => document.getElementById(id);
const canvas = at("oled").getContext("2d");
const image = canvas.createImageData(128, 64);
const sliders = { temperature: "°C", humidity: "%RH", pressure: "hPa" };
// What was last wished of a slider, until the board has heard it; and until when that is waited for.
const wished = {};
const spoken = { LED: ["dark", "lit"], pin: ["LOW", "HIGH"] };
let frame = "";

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => link("live", "Live"));
  events.addEventListener("error", () => {
    link("lost", "The bench has ended, trying again");
    // A refused answer ends an EventSource for good; a broken one it mends by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
  events.addEventListener("message", (event) => show(JSON.parse(event.data)));
}

function link(state, text) {
  at("link").dataset.state = state;
  say("link-text", text);
}

/** Sets a text only when it is another one, so that nothing flickers and nobody is read the same twice. */
function say(id, text) {
  const element = typeof id === "string" ? at(id) : id;
  if (element.textContent !== text) element.textContent = text;
}

/** The same for a payload, whose lines break after its commas. */
function sayFields(id, text) {
  const element = at(id);
  if (element.textContent === text) return;
  const fields = text.split(/(?<=,)/).flatMap((field) => [field, document.createElement("wbr")]);
  element.replaceChildren(...fields);
}

function show(state) {
  say("device", state.device);
  draw(state.frame);
  pin("led", state.led, spoken.LED);
  pin("motion", state.motion, spoken.pin);
  pin("door-pin", state.door, spoken.pin);
  for (const name of ["made", "acknowledged", "waiting"]) say(name, String(state[name]));
  for (const name of Object.keys(sliders)) follow(name, state[name]);
  check(at("door"), state.door);
  check(at("wifi"), state.wifi);
  for (const toggle of at("parts").querySelectorAll("button")) check(toggle, state.parts.includes(toggle.dataset.part));
  const trouble = state.power ? state.trouble : "The board has no power.";
  at("trouble").hidden = !trouble;
  say("trouble", trouble ?? "");
  sayFields("said", state.said || "nothing yet");
  say("bus", state.bus.map((line) => line.trim()).join("\n") || "nothing yet");
}

function draw(next) {
  if (next === frame) return;
  frame = next;
  const bytes = Uint8Array.from(atob(next), (character) => character.charCodeAt(0));
  for (let pixel = 0; pixel < 128 * 64; pixel += 1) {
    const isLit = (bytes[pixel >> 3] >> (7 - (pixel & 7))) & 1;
    image.data.set(isLit ? [0xcf, 0xea, 0xff, 0xff] : [0x05, 0x08, 0x0c, 0xff], pixel * 4);
  }
  canvas.putImageData(image, 0, 0);
}

function pin(id, isOn, words) {
  at(id).dataset.on = String(isOn);
  say(at(id).querySelector("b"), words[Number(isOn)]);
}

function check(toggle, isOn) {
  toggle.setAttribute("aria-checked", String(isOn));
}

/** A slider follows the weather, but not under a hand that holds it, nor back to what was before that hand let it go. */
function follow(name, value) {
  const slider = at(name);
  if (slider.dataset.held === "true") return;
  const wish = wished[name];
  if (wish && Math.abs(value - wish.value) > 0.05 && performance.now() < wish.until) return;
  delete wished[name];
  slider.value = value;
  tell(name, value);
}

function tell(name, value) {
  const text = `${Number(value).toFixed(1)} ${sliders[name]}`;
  say(`${name}-out`, text);
  at(name).setAttribute("aria-valuetext", text);
}

async function wish(action, more = {}) {
  try {
    const answer = await fetch("/do", { method: "POST", body: JSON.stringify({ action, ...more }) });
    if (!answer.ok) link("lost", await answer.text());
  } catch {
    link("lost", "The bench does not answer");
  }
}

for (const name of Object.keys(sliders)) {
  const slider = at(name);
  slider.addEventListener("input", () => {
    slider.dataset.held = "true";
    tell(name, slider.value);
    wish(name, { value: Number(slider.value) });
  });
  slider.addEventListener("change", () => {
    slider.dataset.held = "false";
    wished[name] = { value: Number(slider.value), until: performance.now() + 1000 };
  });
}
at("weather").addEventListener("click", () => {
  for (const name of Object.keys(sliders)) {
    delete wished[name];
    wish(name);
  }
});
at("wave").addEventListener("click", () => wish("wave"));
at("restart").addEventListener("click", () => wish("restart"));
for (const id of ["door", "wifi"]) {
  at(id).addEventListener("click", () => wish(id, { on: at(id).getAttribute("aria-checked") !== "true" }));
}
for (const toggle of at("parts").querySelectorAll("button")) {
  toggle.addEventListener("click", () => {
    wish("part", { name: toggle.dataset.part, on: toggle.getAttribute("aria-checked") !== "true" });
  });
}
listen();
