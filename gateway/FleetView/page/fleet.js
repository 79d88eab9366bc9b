// The page: listens to the gateway's events and keeps a card for each device.

import { Card, say, set } from "./card.js";
import * as words from "./words.js";

const at = (id) => document.getElementById(id);
const cards = new Map();
/** The gateway's clock less this one, milliseconds. */
let clockOffset = 0;
let summary = null;
let drawnHistoryAt = 0;

const now = () => Date.now() + clockOffset;

function listen() {
  const events = new EventSource("/api/fleet/events");
  events.addEventListener("open", () => link("live", "Live"));
  events.addEventListener("error", () => {
    link("lost", "Connection lost, trying again");
    // A refused answer ends an EventSource for good; a broken one it mends by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 10_000);
  });
  events.addEventListener("snapshot", (event) => take(JSON.parse(event.data), true));
  events.addEventListener("update", (event) => take(JSON.parse(event.data), false));
}

function link(state, text) {
  set(at("link"), "state", state);
  say(at("link-text"), text);
}

function take(message, isWhole) {
  clockOffset = message.now - Date.now();
  summary = message.summary;
  const named = new Set();
  let isNew = false;
  for (const device of message.devices) {
    const id = device.device_id;
    named.add(id);
    let card = cards.get(id);
    if (!card) {
      card = new Card(id);
      cards.set(id, card);
      isNew = true;
    }
    card.take(device);
    card.draw(now());
  }
  if (isWhole) {
    for (const [id, card] of cards) {
      if (named.has(id)) continue;
      card.element.remove();
      cards.delete(id);
    }
  }
  if (isNew) arrange();
  drawSummary();
}

/** By name, so that a card keeps its place; numbers in names by value. */
function arrange() {
  const order = new Intl.Collator("en", { numeric: true });
  const sorted = [...cards].sort(([one], [other]) => order.compare(one, other));
  sorted.forEach(([, card], index) => {
    const there = at("cards").children[index];
    if (there !== card.element) at("cards").insertBefore(card.element, there ?? null);
  });
}

function drawSummary() {
  if (!summary) return;
  const states = { online: 0, silent: 0, offline: 0 };
  for (const card of cards.values()) states[card.state(now())] += 1;
  const total = cards.size;
  at("empty").hidden = total > 0;

  say(at("online"), words.count(states.online));
  say(at("total"), `of ${words.count(total)}`);
  const missing = [];
  if (states.silent) missing.push(`${states.silent} silent`);
  if (states.offline) missing.push(`${states.offline} offline`);
  say(at("devices-note"), summary.broker_up ? missing.join(", ") || (total ? "all reporting" : "") : "broker unreachable");
  set(at("figure-devices"), "tone", summary.broker_up ? (missing.length ? "notice" : "calm") : "alarm");

  const rate = summary.readings_per_second;
  say(at("rate"), rate >= 100 ? words.count(rate) : rate.toFixed(1));
  say(at("rate-note"), `${words.count(summary.readings)} since start`);

  say(at("journal"), words.count(summary.journal_entries));
  const letters = summary.dead_letters;
  say(at("journal-note"), words.bytes(summary.journal_bytes) + (letters ? `, ${words.count(letters)} refused` : ""));
  set(at("figure-journal"), "tone", letters ? "notice" : "calm");

  const database = describeSinks(summary.sinks);
  say(at("sink"), database.word);
  say(at("sink-note"), database.note);
  set(at("figure-sink"), "tone", database.tone);

  const lost = missing.length ? `, ${missing.join(", ")}` : "";
  say(at("spoken"), `${states.online} of ${total} devices online${lost}. Database ${database.word}.`);
  document.title = `${states.online}/${total} online · Martlet`;
}

/** The worst of the sinks; few have more than one. */
function describeSinks(sinks) {
  if (sinks.length === 0) return { word: "none", note: "readings stay in the journal", tone: "calm" };
  const lag = Math.max(...sinks.map((sink) => sink.lag_entries));
  const behind = lag === 1 ? "1 entry waits" : `${words.count(lag)} entries wait`;
  if (!sinks.every((sink) => sink.up)) {
    return { word: "unreachable", note: lag ? `${behind} in the journal` : "readings wait in the journal", tone: "alarm" };
  }
  // What a batch or two holds is the normal way, not a backlog.
  if (lag > 1000) return { word: "catching up", note: behind, tone: "notice" };
  return { word: "in step", note: lag ? behind : "nothing waits", tone: "calm" };
}

setInterval(() => {
  const moment = now();
  const isDue = moment - drawnHistoryAt >= 5000;
  if (isDue) drawnHistoryAt = moment;
  for (const card of cards.values()) {
    card.tick(moment);
    if (isDue) card.drawHistory(moment);
  }
  drawSummary();
}, 1000);

listen();
