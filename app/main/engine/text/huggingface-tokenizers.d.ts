/**
 * What is used of @huggingface/tokenizers 0.2.0. Its own declarations import each other without file endings,
 * which TypeScript cannot follow in ES modules, so that everything would silently be `any`.
 */
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    /** The contents of tokenizer.json and tokenizer_config.json. */
    constructor(tokenizer: object, config: object);
    encode(text: string, options?: { readonly add_special_tokens?: boolean }): { readonly ids: number[] };
  }
}
