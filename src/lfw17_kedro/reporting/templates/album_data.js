"use strict";
// The page's data and the user's changes to them. Nothing here touches the page.
const DATA = JSON.parse(document.getElementById("data").textContent);
const UNKNOWN = "unknown",
  IGNORED = "ignored";
const COLUMNS = [
  "face_id",
  "photo",
  "left",
  "top",
  "right",
  "bottom",
  "correction",
  "name",
  "enrol",
];
const STORE = `lfw17-album-${DATA.hash}`;

// {id: ["a", "b"], name: [...]} -> [{index: 0, id: "a", name: ...}, ...]
function readRows(table) {
  const columns = Object.entries(table);
  return columns[0][1].map((_, index) =>
    Object.fromEntries([["index", index], ...columns.map(([key, values]) => [key, values[index]])])
  );
}

const faces = readRows(DATA.faces);
const photos = readRows(DATA.photos);
const people = readRows(DATA.people);
const leftOut = readRows(DATA.leftOut);
const oldCorrections = DATA.corrections.map(({cells, face}) => ({
  face,
  cells,
  kind: cells[6].trim(),
  name: cells[7],
  enrol: cells[8],
}));
const corrected = new Set(oldCorrections.map((row) => row.face));
const enrolled = new Map(people.map((person) => [person.name, person]));
photos.forEach((photo) => {
  photo.faces = [];
});
faces.forEach((face) => photos[face.photo].faces.push(face));

// face id -> {kind: is, is_not, ignore or forget; name; enrol}. The same photo under two
// paths has the same ids: a change holds for both.
const changes = new Map();
const saved = new Map(); // face id -> the change as JSON, as it was last downloaded
const past = []; // for undo: [[face id, change before], ...] of each step
let updates = []; // called after each change

const isPerson = (name) => name !== UNKNOWN && name !== IGNORED;

function nameOf(face) {
  const change = changes.get(face.id);
  if (!change || change.kind === "forget") return face.name;
  return {is: change.name, is_not: UNKNOWN, ignore: IGNORED}[change.kind];
}

function groupOf(face) {
  return nameOf(face) === UNKNOWN && face.name === UNKNOWN ? face.group : "";
}

// The person that "not this person" speaks of, "" if there is none.
function refusable(face) {
  const name = nameOf(face),
    change = changes.get(face.id);
  if (isPerson(name)) return name;
  if (name === IGNORED || !face.nearest) return "";
  return change && change.name === face.nearest ? "" : face.nearest;
}

// The person whom the face shows or may show, "" if nobody is near.
const guess = (face) => (isPerson(nameOf(face)) ? nameOf(face) : face.nearest);

function listNames() {
  const names = new Set([...enrolled.keys(), ...faces.map((face) => nameOf(face))]);
  return [...names].filter(isPerson).sort((a, b) => a.localeCompare(b));
}

// The simple rules for the name of a person; corrections.csv is checked again when it
// is read. Gives what is wrong, "" if nothing is.
function checkName(name) {
  if (!name) return "Write a name.";
  if (/[\/\\]/.test(name)) return "A name cannot have a slash.";
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name))
    return "A name cannot have control characters.";
  if (/^[=+\-@]/.test(name)) return "A name cannot begin with = + - or @.";
  if (/^\.+$/.test(name)) return "A name needs letters.";
  if (!isPerson(name.toLowerCase())) return `“${name}” is not a person's name here.`;
  return "";
}

const isSaved = (id) => saved.get(id) === JSON.stringify(changes.get(id));
const countUnsaved = () =>
  [...new Set([...changes.keys(), ...saved.keys()])].filter((id) => !isSaved(id)).length;

// Gives faces a change, or takes theirs away.
function applyChange(ids, change) {
  past.push(ids.map((id) => [id, changes.get(id)]));
  ids.forEach((id) => setChange(id, change));
  showUpdates();
}

function setChange(id, change) {
  if (change) changes.set(id, change);
  else changes.delete(id);
}

function undoLast() {
  past.pop()?.forEach(([id, change]) => setChange(id, change));
  showUpdates();
}

function markSaved() {
  saved.clear();
  changes.forEach((change, id) => saved.set(id, JSON.stringify(change)));
  showUpdates();
}

function showUpdates() {
  store();
  updates.forEach((update) => update());
}

function store() {
  try {
    if (changes.size || saved.size)
      localStorage.setItem(STORE, JSON.stringify([[...changes], [...saved]]));
    else localStorage.removeItem(STORE);
  } catch {
    /* a browser may refuse to store for a file: the changes last until it closes */
  }
}

function restore() {
  try {
    const parts = JSON.parse(localStorage.getItem(STORE) || "[[], []]");
    const known = new Set(faces.map((face) => face.id));
    [changes, saved].forEach((map, place) =>
      parts[place].forEach(([id, value]) => {
        if (known.has(id)) map.set(id, value);
      })
    );
  } catch {
    /* nothing is stored, or not by this page */
  }
}

// A person can be refused for several people; every other correction stands alone.
function replaces(change, row) {
  if (!change) return false;
  return change.kind !== "is_not" || row.kind !== "is_not" || row.name === change.name;
}

function writeCorrections() {
  const rows = oldCorrections
    .filter((row) => !replaces(changes.get(row.face), row))
    .map((row) => row.cells);
  const photoOf = new Map(faces.map((face) => [face.id, photos[face.photo].path]));
  for (const [id, {kind, name, enrol}] of changes) {
    if (kind === "forget") continue;
    rows.push([id, photoOf.get(id), "", "", "", "", kind, name || "", enrol ? "yes" : ""]);
  }
  return [COLUMNS, ...rows].map((cells) => cells.map(quoteCell).join(",") + "\r\n").join("");
}

// RFC 4180, section 2; blanks at the ends are quoted too, which some programs drop.
function quoteCell(text) {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
