// The console's only script. Every page works without it.
import "htmx.org";
import { listen } from "./shortcuts.js";

listen(document);
