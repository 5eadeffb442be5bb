/** The layout of help: two columns where there is room, in a narrow terminal the words under each other. */
import type { Help, HelpConfiguration } from "commander";

/** Below it a column of words beside the flags would be too narrow to read. */
const TWO_COLUMNS_FROM = 72;

export const helpLayout: HelpConfiguration = {
  minWidthToWrap: 20,
  sortOptions: false,
  formatItem(this: Help, term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    if (description === "") return `  ${term}`;
    if (width < TWO_COLUMNS_FROM) {
      const words = helper.boxWrap(description, Math.max(20, width - 6));
      return `  ${term}\n${words.replace(/^/gm, "      ")}`;
    }
    const words = helper.boxWrap(description, width - termWidth - 4);
    return `  ${term.padEnd(termWidth)}  ${words.replaceAll("\n", `\n${" ".repeat(termWidth + 4)}`)}`;
  },
};
