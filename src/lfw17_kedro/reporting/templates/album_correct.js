// How the user corrects: a dialog for a face, a form for a group, two buttons to check.
const dialog = document.getElementById("face-dialog");
const button = (text, act, attributes = {}) => {
  const element = make("button", {type: "button", ...attributes}, text);
  element.addEventListener("click", act);
  return element;
};

// A field for a name, with a box for enrolment; `act` gets both.
function nameForm(label, text, name, act) {
  const field = make("input", {
    type: "text",
    name: "name",
    list: "names",
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
    maxlength: "200",
    class: "private-field",
  });
  field.value = name;
  const box = make("input", {type: "checkbox", name: "enrol"});
  const problem = make("p", {class: "problem", role: "alert"});
  const form = make(
    "form",
    {class: "naming", novalidate: true},
    make("label", {class: "field"}, label, field),
    make("label", {class: "tick"}, box, text),
    problem,
    make("button", {type: "submit"}, "Apply")
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = field.value.trim().normalize("NFC");
    problem.textContent = checkName(wanted);
    field.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
    if (problem.textContent) field.focus();
    else act(spell(wanted), box.checked);
  });
  return form;
}

function groupForm(members) {
  const ids = () =>
    members.filter((face) => groupOf(face) || changes.get(face.id)?.group).map((face) => face.id);
  const form = nameForm("These are all ", "Use these faces for enrolment", "", (name, enrol) => {
    const own = ids().filter((id) => !isRefused(id, name));
    applyChange(own, {kind: "is", name, enrol, group: true});
  });
  form.id = "group-form";
  form.append(
    button("Ignore all", () => applyChange(ids(), {kind: "ignore", group: true}), {class: "quiet"})
  );
  return form;
}

// The face stays enrolled if it was enrolled as this person.
const sayYes = (face, name, enrol = simplify(enrolledAs(face)) === simplify(name)) =>
  applyChange([face.id], {kind: "is", name, enrol});
const sayNot = (face, name) => applyChange([face.id], {kind: "is_not", name});
const ignore = (face) => applyChange([face.id], {kind: "ignore"});

function openFace(face, renames = false) {
  const name = nameOf(face),
    photo = photos[face.photo],
    change = changes.get(face.id),
    refused = refusable(face);
  const person = enrolled.get(isPerson(name) ? name : face.nearest);
  const then = (act) => () => {
    dialog.close();
    act();
  };
  const form = nameForm(
    "This is ",
    "Use this face for enrolment",
    isPerson(name) ? name : "",
    (wanted, enrol) => {
      dialog.close();
      sayYes(face, wanted, enrol);
    }
  );
  form.elements.enrol.checked = enrolledAs(face) !== "";
  const compared =
    person && person.picture
      ? make(
          "figure",
          {},
          picture(person.picture),
          make("figcaption", {}, bdi(person.name), " enrolled")
        )
      : null;
  const fact = (title, ...children) =>
    children.some(Boolean) ? [make("dt", {}, title), make("dd", {}, children.filter(Boolean))] : [];
  dialog.replaceChildren(
    ...[
      make(
        "div",
        {class: "pictures"},
        make("figure", {}, facePicture(face), make("figcaption", {}, "this face")),
        compared
      ),
      make("h2", {id: "face-title"}, sayName(name), " ", addBadge(face) || ""),
      make("p", {}, explain(face).filter(Boolean)),
      form,
      make(
        "div",
        {class: "buttons"},
        refused
          ? button(
              ["Not ", bdi(refused)].flat(),
              then(() => sayNot(face, refused)),
              {class: "quiet", id: "not"}
            )
          : null,
        name === IGNORED
          ? null
          : button(
              "Ignore this face",
              then(() => ignore(face)),
              {class: "quiet", id: "ignore"}
            ),
        change
          ? button(
              "Undo",
              then(() => applyChange([face.id], undefined)),
              {class: "quiet", id: "undo-face"}
            )
          : null,
        !change && correctionsOf.has(face.id)
          ? button(
              "Remove my correction",
              then(() => applyChange([face.id], {kind: "forget"})),
              {class: "quiet", id: "forget"}
            )
          : null
      ),
      make(
        "dl",
        {class: "facts"},
        fact("Photo", make("a", {href: `#/photo/${photo.index}`}, bdi(photo.path))),
        fact("Nearest photo", face.nearestPhoto && bdi(face.nearestPhoto)),
        fact("Similarity", face.similarity !== null && saySimilarity(face)),
        fact(
          "Runner-up",
          face.second && bdi(face.second),
          face.second && face.margin !== null && `, ${face.margin.toFixed(2)} less`
        )
      ),
      button("×", () => dialog.close(), {class: "close", "aria-label": "Close"}),
    ]
      .flat()
      .filter(Boolean)
  );
  document
    .getElementById("names")
    .replaceChildren(...listNames().map((one) => make("option", {value: one})));
  if (!dialog.open) dialog.showModal();
  if (renames || !matchMedia("(pointer: coarse)").matches) form.elements.name.select();
}

// A doubtful face beside the person it may be.
function pairCard(face) {
  const name = guess(face),
    person = enrolled.get(name),
    text = make("div", {class: "text"});
  live(text, () =>
    changes.has(face.id)
      ? [
          make("p", {class: "name"}, sayName(nameOf(face)), " ", addBadge(face)),
          button("Undo", () => applyChange([face.id], undefined), {class: "quiet"}),
        ]
      : [
          make("p", {class: "name"}, bdi(name), "?"),
          isSecondChoice(face)
            ? make("small", {}, "more like ", bdi(face.nearest))
            : make(
                "small",
                {},
                [
                  face.similarity === null ? "" : `similarity ${saySimilarity(face)}`,
                  sayRate(face.rate),
                ]
                  .filter(Boolean)
                  .join(" · ")
              ),
          face.second && !isSecondChoice(face)
            ? make(
                "small",
                {},
                "or ",
                bdi(face.second),
                face.margin === null ? "" : `, ${face.margin.toFixed(2)} less`
              )
            : null,
          make(
            "div",
            {class: "buttons"},
            button("Yes", () => sayYes(face, name), {"data-do": "yes"}),
            button("No", () => sayNot(face, name), {class: "quiet", "data-do": "no"})
          ),
        ]
  );
  const open = make(
    "button",
    {
      type: "button",
      class: "face plain",
      "data-face": face.index,
      "aria-label": `Face in ${photos[face.photo].path}, maybe ${name}`,
    },
    facePicture(face)
  );
  const known = make(
    "a",
    {class: "plain", href: `#/person/${encode(name)}`, tabindex: "-1", "aria-hidden": "true"},
    person && person.picture ? picture(person.picture) : make("span", {class: "picture missing"})
  );
  return make("article", {class: "pair"}, make("div", {class: "pictures"}, open, known), text);
}

function showChanges() {
  const unsaved = countUnsaved(),
    bar = document.getElementById("unsaved");
  bar.hidden = !changes.size && !unsaved;
  document.body.classList.toggle("has-changes", !bar.hidden);
  document.getElementById("unsaved-text").textContent = unsaved
    ? `${plural(unsaved, "change")} not saved yet`
    : `${plural(changes.size, "correction")} saved, not applied yet`;
  document.getElementById("undo").hidden = !past.length;
}

function saveCorrections() {
  const url = URL.createObjectURL(new Blob([writeCorrections()], {type: "text/csv;charset=utf-8"}));
  const link = make("a", {href: url, download: "corrections.csv"});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // a slow disk may still read it
  markSaved();
  document.getElementById("saved-dialog").showModal();
}
