/** The entry of one process of a launched job: its control pipe is descriptor 3. */
import { Socket } from "node:net";
import { JobProcess } from "./job-process.ts";

new JobProcess(new Socket({ fd: 3, readable: true, writable: true }));
