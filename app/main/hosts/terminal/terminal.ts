/** Where a command writes: results to stdout, everything a person reads on the way to stderr. */
export interface Terminal {
  readonly isJson: boolean;
  /** Somebody wants to know how far it is: neither --quiet nor --json. */
  readonly isTalkative: boolean;
  readonly version: string;
  /** A result. */
  write(text: string): void;
  /** On the way; silent with --quiet and --json. */
  say(text: string): void;
  /** The one object of --json. */
  json(value: object): void;
}

export function createTerminal(options: { json: boolean; quiet: boolean; version: string }): Terminal {
  const isTalkative = !options.json && !options.quiet;
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  return {
    isJson: options.json,
    isTalkative,
    version: options.version,
    write,
    say(text) {
      if (isTalkative) process.stderr.write(text);
    },
    json(value) {
      write(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}
