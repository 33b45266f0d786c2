// The console's only script. Every page works without it.
import "htmx.org";
import { keepStill } from "./live.js";
import { listen } from "./shortcuts.js";

listen(document);
keepStill(document);
