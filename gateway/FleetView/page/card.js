// One device's card. Whatever comes from a device goes to textContent only.

import { sparkline } from "./sparkline.js";
import * as words from "./words.js";

const template = document.getElementById("card");
const historySeconds = 600;
let cardNumber = 0;

export class Card {
  constructor(id) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.parts = {};
    for (const name of [
      "h3", ".id", ".state-text", ".notice", ".whole", ".part", ".humidity", ".pressure", "time", ".history", ".line", ".area",
      ".now", ".range", ".motion", ".motion .text", ".switch", ".switch .text", ".version", ".signal",
    ]) this.parts[name] = this.element.querySelector(name);
    cardNumber += 1;
    const title = this.parts.h3;
    title.id = `device-${cardNumber}`;
    this.element.setAttribute("aria-labelledby", title.id);
    say(title, words.title(id));
    say(this.parts[".id"], words.title(id) === id ? "" : id);
    this.history = [];
  }

  /** Takes what the gateway says of the device. */
  take(device) {
    this.device = device;
    if (device.history) this.history = device.history;
    if (device.appended) {
      this.history.push(device.appended);
      const oldest = device.appended[0] - historySeconds;
      while (this.history.length > 0 && this.history[0][0] < oldest) this.history.shift();
    }
  }

  /** online, silent or offline, at a moment of the gateway's clock. */
  state(now) {
    if (this.device.connection === "offline") return "offline";
    return this.isStale(now) ? "silent" : "online";
  }

  isStale(now) {
    const { reading, stale_after: limit, stale, seen } = this.device;
    if (!reading) return stale || now - seen > limit;
    return now - reading.time > limit;
  }

  /** Draws everything, at a moment of the gateway's clock in milliseconds. */
  draw(now) {
    const { parts, device } = this;
    const reading = device.reading ?? {};
    const state = this.state(now);
    // An offline device's values are the past even when they are seconds old.
    const past = state !== "online";
    set(this.element, "state", state);
    set(this.element, "past", past);
    say(parts[".state-text"], { online: "Online", silent: "Silent", offline: "Offline" }[state]);

    const [whole, part] = words.splitNumber(reading.temperature, 2);
    say(parts[".whole"], whole);
    say(parts[".part"], part);
    set(this.element, "unknown", whole === words.unknown);
    say(parts[".humidity"], words.number(reading.humidity, 1));
    say(parts[".pressure"], words.number(reading.pressure, 1));

    const fault = words.quality(reading.quality);
    say(parts[".notice"], fault);
    parts[".notice"].hidden = fault === "";

    this.drawMarks(reading);
    this.drawSmall(device, reading);
    this.drawAge(now);
    this.drawHistory(now);
  }

  /** Draws what changes by time alone. */
  tick(now) {
    if (this.element.dataset.state !== this.state(now)) this.draw(now);
    else this.drawAge(now);
  }

  drawAge(now) {
    const time = this.parts.time;
    const reading = this.device.reading;
    if (!reading) return say(time, "No reading yet");
    const age = words.ago(Math.max(0, now - reading.time));
    const past = this.element.dataset.past === "true";
    say(time, past ? `Last reading ${words.moment(reading.time, now)} · ${age}` : age);
    const date = new Date(reading.time);
    if (!Number.isNaN(date.getTime())) time.dateTime = date.toISOString();
  }

  drawMarks(reading) {
    const motion = reading.motion;
    mark(this.parts[".motion"], this.parts[".motion .text"], motion, ["Motion", "No motion", "Motion unknown"]);
    mark(this.parts[".switch"], this.parts[".switch .text"], reading.switch, ["Switch closed", "Switch open", "Switch unknown"]);
  }

  drawSmall(device, reading) {
    say(this.parts[".version"], device.version ? `v${device.version}` : "");
    const rssi = reading.wifi_rssi;
    say(this.parts[".signal"], rssi === undefined ? "" : `${words.number(rssi, 0)} dBm`);
    this.parts[".signal"].title = rssi === undefined ? "" : `Wi-Fi signal ${words.signal(rssi)}`;
  }

  drawHistory(now) {
    const longest = Math.max(15, this.device.stale_after / 1000);
    const drawn = sparkline(this.history, now / 1000, longest);
    set(this.parts[".history"], "empty", drawn === null);
    if (!drawn) return say(this.parts[".range"], "no history");
    this.parts[".line"].setAttribute("d", drawn.line);
    this.parts[".area"].setAttribute("d", drawn.area);
    const end = this.parts[".now"].style;
    end.left = `${(drawn.end.x * 100).toFixed(2)}%`;
    end.top = `${(drawn.end.y * 100).toFixed(2)}%`;
    const least = words.number(drawn.least, 1);
    const most = words.number(drawn.most, 1);
    say(this.parts[".range"], least === most ? `steady at ${least}°` : `${least}° to ${most}°`);
  }
}

function mark(element, text, value, [yes, no, unknown]) {
  set(element, "on", value === true);
  set(element, "known", value !== undefined);
  say(text, value === undefined ? unknown : value ? yes : no);
}

/** Writes only what changed: no work for the browser, no noise for a screen reader. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function set(element, name, value) {
  const text = String(value);
  if (element.dataset[name] !== text) element.dataset[name] = text;
}
