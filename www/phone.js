// The chat on a telephone, where it has the whole screen: above the keyboard, and clear of what the screen's edges hide.
// Fetched when it is first opened there. The page's own settings decide what its viewport does when a keyboard comes; where
// the viewport stays as it is, the keyboard would cover the composer.

const NARROW = "(max-width:480px)";
// A keyboard takes a fifth of a screen and more; an address bar does not.
const KEYBOARD = 0.85;
const EDGES = ["top", "bottom"];

let fits;

/** Once is enough. */
export const phone = (panel, tell) => {
  if (fits) return;
  fits = true;
  const view = window.visualViewport;
  // Only the page's own document knows the edges.
  const probe = panel.parentNode.appendChild(document.createElement("i"));
  probe.style.cssText = "position:fixed;visibility:hidden;padding:" + "env(safe-area-inset-top) 0 env(safe-area-inset-bottom)";
  let told = "";

  const fit = () => {
    const narrow = matchMedia(NARROW).matches;
    // Who has zoomed in sees a part of the screen because they want to.
    const covered = narrow && panel.className === "true" && view?.scale < 1.05 && view.height < KEYBOARD * innerHeight;
    // It must be where the keyboard leaves it at once.
    panel.style.transitionProperty = narrow ? "opacity" : "";
    panel.style.top = covered ? view.offsetTop + "px" : "";
    panel.style.height = covered ? view.height + "px" : "";
    const { paddingTop, paddingBottom } = getComputedStyle(probe);
    const hidden = [narrow ? paddingTop : "0", narrow && !covered ? paddingBottom : "0"].map(parseFloat);
    if (told === hidden + "") return;
    const look = Object.fromEntries(EDGES.map((edge, at) => [edge, hidden[at]]));
    if (tell({ look })) told = hidden + "";
  };
  fit();
  for (const event of ["resize", "scroll"]) view?.addEventListener(event, fit);
  addEventListener("resize", fit);
  // A fresh frame knows nothing of it.
  new MutationObserver(() => {
    told = "";
    fit();
  }).observe(panel, { childList: true, attributes: true, attributeFilter: ["class"] });
};
