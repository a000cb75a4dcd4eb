// What a site may choose of the chat's look beside its colour, and the edges of a telephone's screen that the page has
// measured. Fetched where there is any of it. Whatever is not among these is not taken.

const FONTS = {
  system: "system-ui, sans-serif",
  humanist: '"Segoe UI", Optima, Candara, "Noto Sans", source-sans-pro, sans-serif',
  geometric: 'Avenir, Montserrat, Corbel, "URW Gothic", source-sans-pro, sans-serif',
  rounded: 'ui-rounded, "Hiragino Maru Gothic ProN", Quicksand, Comfortaa, Manjari, "Arial Rounded MT", Calibri, source-sans-pro, sans-serif',
  serif: '"Iowan Old Style", "Palatino Linotype", "URW Palladio L", Charter, Georgia, serif',
  mono: "ui-monospace, Menlo, Consolas, monospace",
};
// Half a line's height and its padding: rounder is not to be had.
const MOST_ROUND = 18;
// Of a screen's edges.
const MOST_SAFE = 100;

const within = (value, most) => (/^\d+(\.\d+)?$/.test(value) ? Math.min(value, most) + "px" : "");

/** Nothing is the default again. */
export const put = (look) => {
  const { style } = document.documentElement;
  if ("round" in look) style.setProperty("--round", within(look.round, MOST_ROUND));
  if ("font" in look) style.setProperty("--font", Object.hasOwn(FONTS, look.font) ? FONTS[look.font] : "");
  if ("top" in look) style.setProperty("--safe-top", within(look.top, MOST_SAFE));
  if ("bottom" in look) style.setProperty("--safe-bottom", within(look.bottom, MOST_SAFE));
};
