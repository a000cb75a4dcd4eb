// What a visitor has chosen for this browser: a cookie of the frame's own for each choice that is not the default, or as
// long as the page where cookies are denied, or not agreed to (CONSENT-3).

const KEPT_S = 180 * 86400;

// Shared by the files that are fetched apart from each other.
const here = (window.choices ??= {});

export const chosen = (name) => here[name] ?? document.cookie.includes(`seawall_${name}=1`);

export const choose = (name, on) => {
  here[name] = on;
  if (on && !window.keeps) return;
  document.cookie = `seawall_${name}=1; Path=${location.pathname}; Max-Age=${on ? KEPT_S : 0}; Secure; SameSite=None; Partitioned`;
};
