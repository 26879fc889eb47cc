// Before any module that makes a schema.
import "./noEval.ts";

import { render } from "preact";
import { App } from "./App.tsx";
import { chooseSource } from "./chooseSource.ts";
import { createPage } from "./page.ts";
import "./style.css";

const root = document.getElementById("root")!;

chooseSource().then(
  (chosen) => {
    root.replaceChildren();
    render(<App page={createPage(chosen)} />, root);
  },
  (error: Error) => {
    root.textContent = `The page cannot start: ${error.message}`;
  },
);
