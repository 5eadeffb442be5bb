/** The entry of an agent: the launcher is at the other end of its input and output. */
import { Agent } from "./agent.ts";

new Agent(process.stdin, process.stdout);
