import { removeFolders } from "./folders.mjs";

removeFolders();
