/** Runs pieces of work that do not depend on each other, several at once, here or on other machines. */
export interface Jobs {
  /**
   * Resolves with the answers in the order of the inputs; rejects with the first failure, after every piece under way
   * has ended. Inputs and answers are plain JSON; a piece may run twice, and must not mind.
   */
  run<Input, Answer>(
    name: string,
    inputs: readonly Input[],
    perform: (input: Input) => Promise<Answer>,
  ): Promise<readonly Answer[]>;
}

/** In this process, so many at once. */
export function jobsHere(atOnce: number): Jobs {
  return {
    async run<Input, Answer>(_name: string, inputs: readonly Input[], perform: (input: Input) => Promise<Answer>) {
      const answers: Answer[] = new Array(inputs.length);
      const left = inputs.entries();
      let hasFailed = false;
      const work = async () => {
        for (const [at, input] of left) {
          if (hasFailed) return;
          try {
            answers[at] = await perform(input);
          } catch (error) {
            hasFailed = true;
            throw error;
          }
        }
      };
      const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, inputs.length) }, work));
      const failure = ended.find((one) => one.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      return answers;
    },
  };
}
