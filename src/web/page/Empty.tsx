import type { ComponentChildren } from "preact";

/** What stands where there is nothing to show yet: why, and what to do. */
export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;
