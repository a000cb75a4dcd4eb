// What few pages or few people need on the customer's page, apart from the API's calls (`visit.js`). Fetched by `host.js`
// with the first of it.

export { dress } from "./dress.js";
export { notify } from "./notify.js";
export { phone } from "./phone.js";
