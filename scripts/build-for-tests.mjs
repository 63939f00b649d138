export { buildIfStale as setup } from "./build.mjs";
