// A compiler hook: a kernel function whose doc comment ends with @inline is inlined wherever it is called.
// Binaryen inlines small functions only, and V8's revectorizer aborts when a pair of stores takes the results of two calls.
const INLINE = 64; // DecoratorFlags.Inline
const marked = /@inline\s*\*\/\s*(export\s+)?$/;

export class InlineMarked {
  afterInitialize(program) {
    for (const element of program.elementsByDeclaration.values()) {
      const { range } = element.declaration;
      if (!("functionTypeNode" in element) || range.source.internalPath.startsWith("~lib")) continue;
      if (marked.test(range.source.text.slice(0, range.start))) element.decoratorFlags |= INLINE;
    }
  }
}
