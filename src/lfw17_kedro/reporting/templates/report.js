// A figure in a closed part has no width when it is plotted, and a printer's paper is
// not as wide as the screen: such figures are plotted again when they are needed.
const PRINT = {width: 680, height: 800};  // pixels between the margins of A4 and Letter
const findFigures = (part) => [...part.querySelectorAll(".js-plotly-plot")];
const fit = (part) => findFigures(part).forEach((figure) => Plotly.Plots.resize(figure));
let closed = [], sizes = [];
fit(document);  // the figures of a grid were plotted before the grid was complete
addEventListener("toggle", (event) => fit(event.target), true);
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((part) => { part.open = true; });
  sizes = findFigures(document).map((figure) => [figure, figure.parentElement.style.height]);
  sizes.forEach(([figure]) => {
    const height = Math.min(figure.offsetHeight, PRINT.height);
    figure.parentElement.style.height = `${height}px`;
    Plotly.relayout(figure, {autosize: false, width: PRINT.width, height: height});
  });
});
addEventListener("afterprint", () => {
  closed.forEach((part) => { part.open = false; });
  sizes.forEach(([figure, height]) => {
    figure.parentElement.style.height = height;
    Plotly.relayout(figure, {autosize: true, width: null, height: null});
  });
});
