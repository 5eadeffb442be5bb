/** What the machine can do at most, as loops that do nothing else: multiply-adds in registers, and a copy of memory. */
export { copyFloats } from "./copy";
export { multiplyAdds12, multiplyAdds24 } from "./multiply-adds";
