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
const STORE = `lfw17-album-${location.pathname}`; // one entry for each album, of any run

// A list, or {texts: ["a", "b"], rows: [0, 0, 1]} for texts of which many are equal.
const readColumn = (column) =>
  Array.isArray(column) ? column : column.rows.map((row) => column.texts[row]);

// {id: ["a", "b"], name: [...]} -> [{index: 0, id: "a", name: ...}, ...]
function readRows(table) {
  const columns = Object.entries(table).map(([key, column]) => [key, readColumn(column)]);
  return columns[0][1].map((_, index) => {
    const row = {index};
    for (const [key, values] of columns) row[key] = values[index];
    return row;
  });
}

const faces = readRows(DATA.faces);
const photos = readRows(DATA.photos);
const people = readRows(DATA.people);
const leftOut = readRows(DATA.leftOut);
// A face id begins with the digits of its photo.
faces.forEach((face) => {
  if (face.id.startsWith("_")) face.id = photos[face.photo].picture + face.id;
});
const oldCorrections = DATA.corrections.map(({cells, face}) => ({
  face,
  cells,
  kind: cells[6].trim(),
  name: cells[7],
  enrol: cells[8],
}));
const correctionsOf = new Map(); // face id -> its earlier corrections
oldCorrections.forEach((row) => {
  if (!correctionsOf.has(row.face)) correctionsOf.set(row.face, []);
  correctionsOf.get(row.face).push(row);
});
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
  // A face has one change: a second refusal would take the place of the first.
  return change?.kind === "is_not" ? "" : face.nearest;
}

// Whether it was named after another than the nearest person, to whom its scores belong.
const isSecondChoice = (face) => isPerson(face.name) && face.name !== face.nearest;

// The person whom the face shows or may show, "" if nobody is near.
const guess = (face) => (isPerson(nameOf(face)) ? nameOf(face) : face.nearest);

// The person as whom the user enrols the face, "" if nobody.
function enrolledAs(face) {
  const change = changes.get(face.id);
  if (change?.kind === "is") return change.enrol ? change.name : "";
  if (change?.kind === "forget") return "";
  const enrols = ({kind, enrol}) => kind === "is" && /^(yes|true|1)$/i.test(enrol);
  return correctionsOf.get(face.id)?.find(enrols)?.name ?? "";
}

function listNames() {
  const names = new Set([...enrolled.keys(), ...faces.map((face) => nameOf(face))]);
  return [...names].filter(isPerson).sort((a, b) => a.localeCompare(b));
}

// Signs that begin a formula of a spreadsheet, also as compatible forms of Unicode.
const startsFormula = (text) => /^[=+\-@]/.test(text.normalize("NFKC"));

// What names share that look the same or would be one folder, as in simplify_name of
// faces/class_names.py: without joiners and variation selectors, in one case. Upper case
// makes "ss" of an eszett; of a dotless i it would make a dotted one.
const foldCase = (text) => text.toLowerCase().toUpperCase().toLowerCase();
const simplify = (name) =>
  name
    .replace(/[\u200c\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, "")
    .replace(/[\p{Zs}_]/gu, " ")
    .normalize("NFC")
    .split("\u0131")
    .map(foldCase)
    .join("\u0131");

// The rules of faces/class_names.py for the name of a person: the name may become a
// folder. Gives what is wrong, "" if nothing is.
const MAX_FOLDER_BYTES = 255;
const RESERVED = /^(id|ignored|unknown([- ]?\p{Nd}+)?)$/u;
const NAME_RULES = [
  [/^$/, "Write a name."],
  [/[\/\\]/, "A name cannot contain a slash."],
  [/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u, "A name cannot contain control characters."],
  [/(?![\u200c\u200d])\p{Cf}/u, "A name cannot contain invisible characters."],
  [
    /[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/,
    "A name cannot contain invisible characters.",
  ],
  [
    /(^|[^\p{L}\p{M}])[\u200c\u200d]|[\u200c\u200d]([^\p{L}\p{M}]|$)/u, // not in a word
    "A name cannot contain invisible characters.",
  ],
  [{test: startsFormula}, "A name cannot begin with = + - or @."],
  [/[<>:"|?*]/, 'A name cannot contain any of < > : " | ? *'],
  [/^\.|\.$/, "A name cannot begin or end with a dot."],
  [
    {test: (name) => RESERVED.test(simplify(name))},
    "This word has another meaning here. Write a person's name.",
  ],
  [
    /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9\xb9\xb2\xb3])(\.|$)/i,
    "Windows reserves this name. Write another one.",
  ],
  [/^.{121}/u, "This name is too long."],
  [
    {test: (name) => new TextEncoder().encode(name).length > MAX_FOLDER_BYTES},
    "This name is too long.",
  ],
];
const checkName = (name) => NAME_RULES.find(([rule]) => rule.test(name))?.[1] ?? "";

// How the names of people and of corrections are written: simplified -> the first.
function listSpellings() {
  const spellings = new Map();
  for (const name of [...listNames(), ...oldCorrections.map((row) => row.name.trim())])
    if (!spellings.has(simplify(name))) spellings.set(simplify(name), name);
  return spellings;
}

// The name as it is written elsewhere: "ann lee" is "Ann Lee".
const spell = (name, spellings = listSpellings()) => spellings.get(simplify(name)) ?? name;

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

const readStored = () => JSON.parse(localStorage.getItem(STORE) || '["", [], []]');
let found = ""; // the run of what was stored when this page was opened

function store() {
  try {
    // A page of an earlier run leaves alone what that of a later one has stored.
    if (![DATA.hash, found, ""].includes(readStored()[0])) return;
    if (changes.size || saved.size)
      localStorage.setItem(STORE, JSON.stringify([DATA.hash, [...changes], [...saved]]));
    else localStorage.removeItem(STORE);
  } catch {
    /* a browser may refuse to store for a file: the changes last until it closes */
  }
}

// After another run the corrections that were saved may be applied: only those that were
// not are kept, and those that were taken back since.
function restore() {
  try {
    const [hash, changed, downloaded] = readStored();
    const known = new Set(faces.map((face) => face.id));
    const [now, before] = [new Map(changed), new Map(downloaded)];
    found = hash;
    now.forEach((change, id) => {
      const isNew = hash === DATA.hash || before.get(id) !== JSON.stringify(change);
      if (known.has(id) && isNew) changes.set(id, change);
    });
    before.forEach((change, id) => {
      if (!known.has(id)) return;
      if (hash === DATA.hash) saved.set(id, change);
      else if (!now.has(id) && correctionsOf.has(id)) changes.set(id, {kind: "forget"});
    });
  } catch {
    /* nothing is stored, or not by this page */
  }
}

// Another tab has changed the corrections of this album: they are this tab's, too.
function follow(event) {
  if (event.key !== STORE) return false;
  const isOther = event.newValue && JSON.parse(event.newValue)[0] !== DATA.hash;
  if (isOther) return false; // of another run
  changes.clear();
  saved.clear();
  past.length = 0;
  restore();
  return true;
}

// A person can be refused for several people; every other correction stands alone.
function replaces(change, row) {
  if (!change) return false;
  return (
    change.kind !== "is_not" ||
    row.kind !== "is_not" ||
    simplify(row.name) === simplify(change.name)
  );
}

// Whether an earlier correction stays.
const isKept = (row) => !replaces(changes.get(row.face), row);

// Whether the user said, now or earlier, that a face is not this person.
const isRefused = (id, name) =>
  [changes.get(id), ...(correctionsOf.get(id) ?? []).filter(isKept)].some(
    (one) => one?.kind === "is_not" && simplify(one.name) === simplify(name)
  );

function writeCorrections() {
  const spellings = listSpellings(); // two spellings of one name would be refused
  const write = (name) => name && spell(name.trim(), spellings);
  const rows = oldCorrections
    .filter(isKept)
    .map(({cells, name}) => cells.map((cell, place) => (place === 7 ? write(name) : cell)));
  const photoOf = new Map(faces.map((face) => [face.id, writePath(photos[face.photo].path)]));
  for (const [id, {kind, name, enrol}] of changes) {
    if (kind === "forget") continue;
    rows.push([id, photoOf.get(id), "", "", "", "", kind, write(name || ""), enrol ? "yes" : ""]);
  }
  return [COLUMNS, ...rows].map((cells) => cells.map(quoteCell).join(",") + "\r\n").join("");
}

// "./=a.jpg" names the same file, and no spreadsheet runs it.
function writePath(path) {
  return startsFormula(path) || /^\s|^\.\//.test(path) ? `./${path}` : path;
}

// RFC 4180, section 2; blanks at the ends are quoted too, which some programs drop.
function quoteCell(text) {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
