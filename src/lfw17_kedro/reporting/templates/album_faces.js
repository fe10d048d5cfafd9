// What the faces show together: people, groups, single faces.
function countBy(list, key) {
  const groups = new Map();
  list.forEach((item) => {
    const name = key(item);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(item);
  });
  return groups;
}

// Surest first: corrected by the user, then by similarity.
const bySurety = (a, b) =>
  (b.source === "correction") - (a.source === "correction") ||
  (b.similarity ?? -2) - (a.similarity ?? -2);

// {name, faces, count}, those with most faces first; enrolled people without faces too.
function listPeople() {
  const found = countBy(faces, nameOf);
  return listNames()
    .map((name) => ({name, faces: (found.get(name) || []).sort(bySurety)}))
    .sort((a, b) => b.faces.length - a.faces.length);
}

function listGroups() {
  const found = countBy(
    faces.filter((face) => groupOf(face)),
    groupOf
  );
  return [...found]
    .map(([name, members]) => ({name, faces: members}))
    .sort((a, b) => b.faces.length - a.faces.length || a.name.localeCompare(b.name));
}

const listSingles = () => faces.filter((face) => nameOf(face) === UNKNOWN && !groupOf(face));
const listIgnored = () => faces.filter((face) => nameOf(face) === IGNORED);

function personPicture(name, members) {
  const person = enrolled.get(name);
  if (person && person.picture) return picture(person.picture);
  if (members.length) return facePicture(members[0]);
  return make("span", {class: "picture missing", "aria-hidden": "true"});
}

function personCard({name, faces: members}) {
  return card(
    `#/person/${encode(name)}`,
    personPicture(name, members),
    bdi(name),
    members.length ? plural(members.length, "face") : "not in these photos"
  );
}

// "unknown-001" is the name of a folder: a reader wants "Unknown 1".
const sayGroup = (name) => name.replace(/^unknown-0*(\d+)$/, "Unknown $1");

function groupCard({name, faces: members}) {
  return card(
    `#/group/${encode(name)}`,
    facePicture(members[0]),
    sayGroup(name),
    plural(members.length, "face")
  );
}

// Several sentences on how sure the model is.
function explain(face) {
  const rate = sayRate(face.rate);
  const alike =
    face.rate !== null && face.rate <= 0
      ? "None of the strangers it was compared with looks this much like somebody enrolled."
      : `About ${rate} would look this much like somebody enrolled.`;
  if (face.source === "correction") return ["You said so in corrections.csv."];
  if (!face.nearest) return ["Nobody is enrolled, so there is nobody to compare this face with."];
  if (isSecondChoice(face)) {
    return [
      "More like ",
      bdi(face.nearest),
      ", but that is another face of this photo, or you said that it is not.",
    ];
  }
  if (face.name === UNKNOWN) {
    return ["Most like ", bdi(face.nearest), ", but not similar enough. ", rate ? alike : ""];
  }
  return ["Looks like ", bdi(face.nearest), ". ", rate ? alike : ""];
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// People, groups and photos whose name or path has every word.
function findAll(query) {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const has = (texts) => words.every((word) => texts.some((text) => text.includes(word)));
  const fits = (...texts) => has(texts.map(fold));
  const ofPeople = listPeople().filter(({name}) => fits(name));
  const names = new Set(ofPeople.map(({name}) => name));
  return {
    people: ofPeople,
    groups: listGroups().filter(({name}) => fits(name, sayGroup(name))),
    photos: photos.filter(
      (photo) =>
        has([(photo.folded ??= fold(photo.path))]) ||
        (names.size && photo.faces.some((face) => names.has(nameOf(face))))
    ),
    leftOut: leftOut.filter((row) => fits(row.photo)),
  };
}
