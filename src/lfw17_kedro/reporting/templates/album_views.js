// The views of people and their faces.
const SCORES =
  "Two identical pictures have a similarity of 1, but two strangers often reach 0.9. “1 in 250 strangers” means that one stranger in 250 would look this much like somebody enrolled.";
const COMMAND = document.querySelector("#saved-dialog li:last-child code").textContent;

const heading = (...children) => make("h1", {tabindex: "-1"}, children);

function showPeople() {
  const [everyone, groups, singles, ignored] = [
    listPeople(),
    listGroups(),
    listSingles(),
    listIgnored(),
  ];
  if (!photos.length && !people.length) return [heading("People"), emptyPhotos()];
  return [
    heading("People"),
    everyone.length
      ? null
      : notice(
          make("strong", {}, "Nobody is enrolled yet. "),
          "Name a group of faces below and use it for enrolment, or make a folder of photos for each person, ",
          code("data/01_raw/people/<name>"),
          ", and run ",
          code(COMMAND),
          "."
        ),
    everyone.length ? grid(everyone, personCard, {className: "round"}) : null,
    faces.length
      ? null
      : photos.length
        ? notice(`No face was found in ${plural(photos.length, "photo")}.`)
        : emptyPhotos(),
    groups.length
      ? section(
          "Who is this?",
          "Each group seems to show one person. Open a group to name it.",
          grid(groups, groupCard, {className: "round"})
        )
      : null,
    singles.length
      ? section(
          "Seen once",
          "Faces of people you have not named, each unlike all other faces.",
          grid(singles, (face) => faceTile(face, fileLine), {className: "small"})
        )
      : null,
    ignored.length
      ? make(
          "p",
          {class: "muted"},
          make("a", {href: "#/ignored"}, `Show ${plural(ignored.length, "ignored face")}`)
        )
      : null,
  ];
}

const emptyPhotos = () =>
  notice(
    make("strong", {}, "There are no photos yet. "),
    "Put photos into ",
    code("data/01_raw/photos"),
    " and run ",
    code(COMMAND),
    "."
  );

const scoreLines = (face) =>
  face.source === "correction"
    ? []
    : isSecondChoice(face)
    ? [make("span", {}, "more like ", bdi(face.nearest))]
    : [
        face.similarity === null ? "" : `similarity ${saySimilarity(face)}`,
        sayRate(face.rate),
        face.nearestPhoto
          ? make(
              "span",
              {title: `Nearest enrolled photo: ${face.nearestPhoto}`},
              "like ",
              bdi(face.nearestPhoto)
            )
          : "",
      ].filter(Boolean);

const fileLine = (face) => [bdi(splitPath(photos[face.photo].path)[1])];

function showPerson(key) {
  const name = listNames().find((one) => encode(one) === key);
  if (name === undefined) return showNothing();
  const members = faces.filter((face) => nameOf(face) === name).sort(bySurety);
  const person = enrolled.get(name),
    lead = make("p", {class: "muted"});
  live(lead, () => {
    const now = faces.filter((face) => nameOf(face) === name);
    const where = new Set(now.map((face) => face.photo)).size;
    return [
      `${plural(now.length, "face")} in ${plural(where, "photo")}. `,
      person
        ? `${plural(person.photos ?? 0, "photo")} enrolled.`
        : "Not enrolled: the model does not look for this person yet.",
    ];
  });
  return [
    make(
      "div",
      {class: "lead"},
      make("div", {class: "portrait"}, personPicture(name, members)),
      make("div", {}, heading(bdi(name)), lead)
    ),
    members.length
      ? make("p", {class: "muted help"}, "Surest first. ", SCORES)
      : notice("No face in these photos has this name."),
    grid(members, (face) => faceTile(face, scoreLines)),
  ];
}

function showGroup(key) {
  const members = faces.filter(
    (face) => face.name === UNKNOWN && face.group && encode(face.group) === key
  );
  if (!members.length) return showNothing();
  const lead = make("p", {class: "muted"});
  live(lead, () => {
    const left = members.filter((face) => groupOf(face)).length;
    if (!left) return "No face is left without a name.";
    return `${plural(left, "face")} without a name${left > 1 ? ", all of one person, it seems" : ""}.`;
  });
  return [
    make(
      "div",
      {class: "lead"},
      make("div", {class: "portrait"}, facePicture(members[0])),
      make("div", {}, heading(sayGroup(members[0].group)), lead)
    ),
    groupForm(members),
    grid(members, (face) => faceTile(face, fileLine)),
  ];
}

function showIgnored() {
  const members = listIgnored();
  return [
    heading("Ignored faces"),
    members.length
      ? grid(members, (face) => faceTile(face, fileLine))
      : notice("No face is ignored."),
  ];
}

function showCheck() {
  const isOpen = (face) => !changes.has(face.id) && !isRefused(face.id, guess(face));
  const pick = (rows) => rows.map((row) => faces[row]).filter(isOpen);
  const named = pick(DATA.check.named),
    unknown = pick(DATA.check.unknown);
  const small = {step: 24, grows: false, className: "pairs"};
  return [
    heading("Check"),
    make("p", {class: "muted help"}, "The faces that are easiest to mistake come first. ", SCORES),
    named.length || unknown.length ? null : notice("There is nothing to check."),
    named.length
      ? section(
          "Is the name right?",
          `${plural(named.length, "named face")}, the most doubtful first.`,
          grid(named, pairCard, small)
        )
      : null,
    unknown.length
      ? section(
          "Is this somebody you know?",
          `${plural(unknown.length, "unknown face")}, the nearest to a name first.`,
          grid(unknown, pairCard, small)
        )
      : null,
  ];
}

function showLeftOut() {
  if (!leftOut.length) return [heading("Left out"), notice("No file was left out.")];
  return [
    heading("Left out"),
    make("p", {class: "muted"}, `${plural(leftOut.length, "file")} could not be used.`),
    leftOutTable(leftOut),
  ];
}

function leftOutTable(rows) {
  const box = make("tbody");
  const whole = make(
    "table",
    {},
    make(
      "thead",
      {},
      make("tr", {}, make("th", {scope: "col"}, "Photo"), make("th", {scope: "col"}, "Why"))
    ),
    box
  );
  const makeRow = (row) =>
    make("tr", {}, make("th", {scope: "row"}, bdi(row.photo)), make("td", {}, row.reason));
  return grid(rows, makeRow, {whole, box});
}
