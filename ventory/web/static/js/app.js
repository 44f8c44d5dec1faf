// What every page does. Pages work without any of this, as plain links and forms.
import { startChart } from "./chart.js";
import { startDrafts } from "./drafts.js";
import { startDrawer } from "./drawer.js";
import { startEffect } from "./effect.js";
import { startFiles } from "./files.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startMenus } from "./menus.js";
import { startProof } from "./proof.js";
import { startTables } from "./table.js";
import { startViews } from "./views.js";

startMenus();
startForms();
startFiles();
startEffect();
startTables();
startViews();
startDrawer();
startChart();
startKeys();
startProof();
startDrafts();
