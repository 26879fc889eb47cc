import { useState } from "preact/hooks";
import { shellCommand } from "../../../base/shellCommand.ts";
import { commandArguments } from "../../../reconstruct/commandArguments.ts";
import type { RunForm } from "../../live/source.ts";
import { saveAs } from "../saveAs.ts";

/** The command that does what a form asks for, to be copied or kept. */
export function CommandLine({ form, out }: { form: RunForm; out: string }) {
  const [copied, setCopied] = useState(false);
  const { particlesFile, out: _, ...rest } = form;
  const command = shellCommand(["cryogan", ...commandArguments(String(particlesFile), out, rest)]);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
  };
  return (
    <div class="command">
      <code>{command}</code>
      <p class="actions">
        {/* Only a secure page has a clipboard: not one that came unencrypted from another machine. */}
        {isSecureContext && (
          <button type="button" onClick={() => void copy()}>
            {copied ? "Copied" : "Copy"}
          </button>
        )}
        <button type="button" onClick={() => saveAs("cryogan.sh", `#!/bin/sh\n${command}\n`)}>
          Download cryogan.sh
        </button>
      </p>
    </div>
  );
}
