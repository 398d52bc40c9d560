/** Node with the runtime and the tokenizer, before any net: 130 MiB measured on Linux x64. */
export const processBytes = 130 * 1024 ** 2;

/** Text encoders above this are given back once the prompt is encoded. */
export const keptTextBytes = 256 * 1024 ** 2;
