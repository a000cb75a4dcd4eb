// The chat on a telephone, where it has the whole screen: above the keyboard, and clear of what the screen's edges hide.
// Fetched when it is first opened there. The page's own settings decide what its viewport does when a keyboard comes; where
// the viewport stays as it is, the keyboard would cover the composer.

const NARROW = "(max-width:480px)";
// A keyboard takes a fifth of a screen and more; an address bar does not.
const KEYBOARD = 0.85;
const EDGES = ["top", "bottom"];

let fits;

/** Once for each panel is enough. What `hello` holds every document is told first. */
export const phone = (panel, tell, hello) => {
  if (fits === panel) return;
  fits = panel;
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
    told = hidden + "";
    hello.look = { ...hello.look, ...look };
    tell({ look });
  };
  fit();
  for (const event of ["resize", "scroll"]) view?.addEventListener(event, fit);
  addEventListener("resize", fit);
  new MutationObserver(fit).observe(panel, { attributes: true, attributeFilter: ["class"] });
};
